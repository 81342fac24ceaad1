"""``python -m engine.cli``: the verbs without the window."""

import sys

from engine.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
