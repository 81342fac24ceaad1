"""Local inference, library and jobs. Never imports Qt: usable from a notebook, a server, a test."""
