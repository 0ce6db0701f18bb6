"""The tree of packages in CONTRIBUTING.md, written from the docstrings of the packages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_TREE = re.compile(r"(?<=```text\n)kg/\n.*?(?=```)", re.DOTALL)
"""The block of CONTRIBUTING.md that shows the tree."""


def roles(top: Path) -> dict[str, str]:
    """Package -> the first line of its docstring, for the packages of a checkout."""
    return {path.parent.name: _first_line(path) for path in sorted((top / "kg").glob("*/__init__.py"))}


def _first_line(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0].replace("``", "`")


def tree(top: Path) -> str:
    """Return the packages of a checkout as a tree, each with its role."""
    return "kg/\n" + "".join(_branches(roles(top)))


def _branches(described: dict[str, str]) -> Iterator[str]:
    width = max(map(len, described)) + 2
    last = next(reversed(described))
    for name, role in described.items():
        yield f"{'└' if name == last else '├'}── {name + '/':{width}}{role}\n"


def contributing(top: Path) -> str:
    """CONTRIBUTING.md of a checkout with its tree up to date."""
    return _TREE.sub(lambda _: tree(top), (top / "CONTRIBUTING.md").read_text("utf-8"))
