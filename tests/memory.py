"""The memory that a command needs: the high-water mark of a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_COMMAND = """
import sys
from kg.cli import main
main(sys.argv[1:], standalone_mode=False)
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0])
"""


def peak(*words: object) -> float:
    """Run a command of ``kg`` and return the most memory that its process had, in MB."""
    command = [sys.executable, "-c", _COMMAND, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1024


def write_numbered(record: dict[str, Any], count: int, path: Path) -> None:
    """Write copies of a record with the NCT numbers from 1 on, as JSON Lines."""
    text = json.dumps(record)
    number = record["protocolSection"]["identificationModule"]["nctId"]
    with path.open("w") as file:
        file.writelines(text.replace(number, f"NCT{i:08}") + "\n" for i in range(1, count + 1))
