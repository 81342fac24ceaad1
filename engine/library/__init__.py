"""The one SQLite file: everything a person did and the model said. All SQL is in this room."""
