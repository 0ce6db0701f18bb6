"""The command ``kg``, and ``python -m kg``."""

from __future__ import annotations

import atexit
import gc


def main() -> None:
    """Runs the command."""
    gc.set_threshold(100_000, 50, 100)  # hardly anything is in a cycle; to look for some takes a twentieth of the start
    atexit.register(gc.freeze)  # and at the end as long as a study takes
    from kg.cli import main as command

    command()


if __name__ == "__main__":
    main()
