"""Widgets. They see records, events and ports, never the engine itself."""
