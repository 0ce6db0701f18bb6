"""Build hook for hatchling that compiles ``native/`` into ``kg/_emitter`` if there is a C compiler.

Without a compiler, the package is pure Python and exports 7 to 15 times slower; with ``KG_REQUIRE_EMITTER=1``, that is
an error. The extension uses the limited API, so one build works with Python 3.11 and later.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

ABI = (3, 11)
MISSING = (
    "kg is built without its C extension, so exports take 7 to 15 times as long; install a C compiler and the headers "
    "of Python (Debian: gcc python3-dev), then install kg again"
)


class EmitterHook(BuildHookInterface[Any]):
    """Adds the extension to wheels and to editable installs."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- part of the interface
        """Compile the extension and add it to the build."""
        if self.target_name != "wheel":
            return
        try:
            extension = compile_extension(Path(self.root))
        except Exception as error:
            if os.environ.get("KG_REQUIRE_EMITTER") == "1":
                raise
            self.app.display_warning(f"{MISSING} ({' '.join(str(error).split())})")
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"cp{ABI[0]}{ABI[1]}-abi3-{platform}"
        build_data["artifacts"].append(str(extension.relative_to(self.root)))


def compile_extension(root: Path) -> Path:
    """Compile the extension into the package and return its path."""
    native = root / "native"
    extension = Extension(
        "kg._emitter",
        sorted(map(str, native.glob("*.c"))),
        depends=sorted(map(str, native.glob("*.h"))),
        define_macros=[("Py_LIMITED_API", f"0x{ABI[0]:02X}{ABI[1]:02X}0000")],
        extra_compile_args=["/std:c11"] if sys.platform == "win32" else ["-std=c11", "-O3", "-fvisibility=hidden"],
        py_limited_api=True,
    )
    command = build_ext(Distribution({"name": "kg", "ext_modules": [extension], "packages": ["kg"]}))
    with tempfile.TemporaryDirectory() as scratch:
        command.build_lib, command.build_temp = scratch, scratch
        command.ensure_finalized()
        command.run()
        (library,) = Path(scratch).glob("kg/_emitter*")
        target = root / "kg" / library.name
        new = target.with_suffix(f".{os.getpid()}")
        new.write_bytes(library.read_bytes())
        new.chmod(0o755)
        new.replace(target)  # running processes keep the old file mapped
    return target
