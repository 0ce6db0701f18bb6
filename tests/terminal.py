"""A pseudo-terminal in which a command runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


def shown(command: Sequence[str], *, errors: bool = False, cwd: Path | None = None, **environment: str) -> str:
    """What a command writes to its standard output where that is a terminal; a command that fails raises.

    With ``errors``, its standard error is the same terminal, and it may fail.
    """
    parent, child = os.openpty()
    environment = {**os.environ, "TERM": "dumb", **environment}
    stderr = child if errors else subprocess.DEVNULL
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=child, stderr=stderr, env=environment, cwd=cwd
    ) as process:
        os.close(child)
        output = b"".join(_parts(parent))
    if process.returncode and not errors:
        raise subprocess.CalledProcessError(process.returncode, [*command], output)
    return output.decode()


def _parts(parent: int) -> list[bytes]:
    """What is written to a terminal until its last writer ends."""
    parts: list[bytes] = []
    try:
        while part := os.read(parent, 1 << 16):
            parts.append(part)
    except OSError:  # how Linux reports the end
        pass
    finally:
        os.close(parent)
    return parts
