"""CONTRIBUTING.md and CITATION.cff agree with the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

from kg import __version__
from tests.docs.test_docs import blocks
from tests.test_house import LAYERS

TOP = Path(__file__).parents[2]
CONTRIBUTING = (TOP / "CONTRIBUTING.md").read_text("utf-8")


def role(package: Path) -> str:
    """The first line of the docstring of a package."""
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8")))
    assert docstring is not None
    return docstring.splitlines()[0].replace("``", "`")


def test_the_tree_has_every_package_with_the_first_line_of_its_docstring() -> None:
    shown = dict(re.findall(r"^[├└]── (\w+)/ +(.+)$", blocks(CONTRIBUTING, "text")[0], re.MULTILINE))
    packages = sorted(path.parent for path in (TOP / "kg").glob("*/__init__.py"))
    assert shown == {path.name: role(path) for path in packages}, "run python -m tools.docs"


def test_the_layers_are_those_of_the_import_test() -> None:
    assert blocks(CONTRIBUTING, "text")[1].splitlines() == list(reversed(LAYERS))


def test_folders_and_files_that_are_named_exist() -> None:
    names = re.findall(r"`((?:kg|tests|tools|ontology|docs|native|queries|benchmarks|\.ci)/[\w./]*)`", CONTRIBUTING)
    assert [name for name in names if not (TOP / name).exists()] == []


def test_the_citation_has_the_required_keys_and_the_version_of_the_package() -> None:
    citation = yaml.safe_load((TOP / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] == [{"name": "The trialkg contributors"}]
    assert citation["version"] == __version__
    assert citation["license"] == "Apache-2.0"


def test_the_changelog_has_the_version_of_the_package() -> None:
    titles = re.findall(r"^## (\S+)", (TOP / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert titles[0] == "Unreleased"
    assert __version__ in titles
