"""Messages about extras named `pip install 'trialkg[...]'`, which fails: the package is not on an index."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
TEXTS = [TOP / "README.md", TOP / "CONTRIBUTING.md", *TOP.glob("docs/*.*"), *TOP.glob("kg/**/*.py")]


@pytest.mark.parametrize(
    "path", [path for path in TEXTS if path.is_file()], ids=lambda path: str(path.relative_to(TOP))
)
def test_the_package_is_installed_from_the_checkout_only(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"trialkg\[|install (-\S+ )*'?trialkg\b", text)
    assert set(re.findall(r"install [^`\n]*'\.+\[([a-z,0-9]+)\]'", text)) <= {
        *PROJECT["optional-dependencies"],
        "pandas,parquet,draw",
    }


def test_every_message_about_an_extra_names_one_that_exists() -> None:
    """And is made in one place."""
    named = []
    for path in TOP.glob("kg/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "missing_extra":
                named += [argument.value for argument in node.args[1:] if isinstance(argument, ast.Constant)]
    assert named
    assert {*named, "s3", "gs", "parquet"} <= set(PROJECT["optional-dependencies"])


def test_what_a_plain_install_needs_is_not_in_an_extra() -> None:
    """``kg draw studies.zip`` draws a network, for which the layout needs numpy."""
    assert {"numpy", "networkx", "httpx"} <= {re.split("[<>=]", name)[0] for name in PROJECT["dependencies"]}
    assert "https" not in PROJECT["optional-dependencies"]


@pytest.mark.parametrize("name", ["numpy", "networkx", "httpx", "tenacity"])
def test_it_is_installed(name: str) -> None:
    assert importlib.import_module(name)
