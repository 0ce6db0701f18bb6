"""Child processes of the server, which run modules of this package."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

import kg

BUFFER = 1 << 18
"""Bytes of output of a child that the server reads ahead."""


async def start_child(module: str, *arguments: object, takes_input: bool = False) -> Process:
    """Start a process that runs a module with arguments, and whose output is read from a pipe.

    It finds the package where this process did, and nothing in the working directory.
    """
    path = [str(Path(kg.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    return await asyncio.create_subprocess_exec(
        *[sys.executable, "-P", "-m", module, *map(str, arguments)],
        stdin=PIPE if takes_input else DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        limit=BUFFER,
    )
