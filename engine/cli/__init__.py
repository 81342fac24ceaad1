"""The command line: a thin skin over `engine.service`."""
