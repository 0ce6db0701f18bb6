"""A pseudo-terminal in which a command runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence


def shown(command: Sequence[str], **environment: str) -> str:
    """What a command writes to its standard output where that is a terminal; a command that fails raises."""
    parent, child = os.openpty()
    environment = {**os.environ, "TERM": "dumb", **environment}
    try:
        subprocess.run(command, stdout=child, stderr=subprocess.DEVNULL, check=True, env=environment)
        os.close(child)
        output = b""
        try:
            while part := os.read(parent, 4096):
                output += part
        except OSError:  # how Linux reports the end
            pass
        return output.decode()
    finally:
        os.close(parent)
