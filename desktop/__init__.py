"""The window: Qt over the engine. Nothing here decodes, reads or writes on the GUI thread."""
