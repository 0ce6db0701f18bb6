"""Check an installed wheel: ``python tools/check_wheel.py CHECKOUT``, in another folder than the checkout."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path


def main(checkout: Path) -> None:
    """Export the saved page of the checkout with the extension, and compare the bytes with the golden file."""
    import kg._emitter as extension

    assert "site-packages" in str(extension.__file__), f"{extension.__file__} is not of the wheel"
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "study.ttl"
        page = checkout / "tests" / "data" / "NCT02059759.txt"
        subprocess.run([sys.executable, "-m", "kg", "export", page, "-o", output], check=True)
        golden = checkout / "tests" / "golden" / "NCT02059759.ttl"
        assert output.read_bytes() == golden.read_bytes(), f"{output} differs from {golden}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
