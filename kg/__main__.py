"""The command ``kg``, and ``python -m kg``."""

from __future__ import annotations

import atexit
import gc


def main() -> None:
    """Run the command."""
    gc.set_threshold(100_000, 50, 100)  # there are few cycles; collecting takes 5 % of the start-up time
    atexit.register(gc.freeze)  # skips the collection at exit
    from kg.cli import main as command
    from kg.cli.streams import prepare_streams

    prepare_streams()
    command()


if __name__ == "__main__":
    main()
