"""Where the C extension was not built, a run says so once, unless ``KG_QUIET`` is set."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kg.export.native import MISSING
from tests.conftest import STUDIES

CODE = """
import sys
sys.modules["kg._emitter"] = None
from kg.__main__ import main
main()
"""


@pytest.mark.parametrize(("quiet", "count"), [("", 1), ("1", 0)])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_missing_extension_is_said_once(quiet: str, count: int, jobs: str) -> None:
    command = [sys.executable, "-c", CODE, "export", *map(str, STUDIES[:3]), "--jobs", jobs, "-o", "-"]
    result = subprocess.run(command, env=os.environ | {"KG_QUIET": quiet}, capture_output=True, text=True, check=True)
    assert result.stderr.count(MISSING) == count
    assert result.stdout.startswith(("@prefix", "<"))
