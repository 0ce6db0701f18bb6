"""``python -m tools.docs`` writes the generated files; ``--check`` lists those that are out of date."""

from __future__ import annotations

import sys

from tools.docs.reference import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
