"""The rules of the house that a machine can check."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import kg
from kg import errors
from kg.page import SECTIONS
from kg.plan import Role, shipped_plan
from kg.restore import PAGE

TOP = Path(__file__).parent.parent
MODULES = sorted((TOP / "kg").glob("**/*.py"))
ORDER = [
    [
        "_emitter",
        "beside",
        "child",
        "clean",
        "contents",
        "countries",
        "forms",
        "frames",
        "free_text",
        "printable",
        "resources",
        "retries",
        "room",
        "sparql",
        "trees",
    ],
    ["errors", "literals", "processes", "shards", "tables"],
    ["credentials", "guard", "ontology", "page", "places", "questions", "templates"],
    ["coded", "findings", "lexical", "mismatch", "parameters", "prefixmap", "tally", "unpack", "values"],
    ["cut", "derive", "parquet", "shacl", "source", "style", "version"],
    ["columns", "ontology_graph", "plan", "pyshacl", "records", "rules", "shared"],
    ["facts", "jsonld", "links", "nearest", "pack", "parcels", "residue"],
    ["catalogue", "context", "fields", "formats", "hints", "partitions"],
    ["convert", "html", "rdf"],
    ["careful", "operations"],
    ["descriptions", "program"],
    ["emitter", "shared_graph"],
    ["export"],
    ["coverage", "ledger", "studies"],
    ["describe", "report", "work", "write"],
    ["dataset", "mesh", "pool", "results"],
    ["answers", "jobs", "validate"],
    ["ask", "run"],
    ["draw", "explain", "parts", "restore", "store"],
    ["cluster", "load", "network", "notebook"],
    ["cli"],
    ["__main__", "reference"],
]
"""The modules from the bottom to the top; a module imports from below only. ``kg`` itself imports ``errors``, and
``_emitter`` is in C."""


def noun(path: Path) -> str:
    """The module or package of the top level that a file is part of."""
    return path.relative_to(TOP / "kg").parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The modules of the package that a module imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "kg":
            found |= {node.module.split(".")[1]} if "." in node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("kg.")}
    return found - {"__version__"}


def test_imports_point_one_way() -> None:
    level = {name: i for i, names in enumerate(ORDER) for name in names}
    known = {noun(path) for path in MODULES} - {"__init__"} | {"_emitter"}
    assert known == set(level), "a module has no place in the order"
    for path in MODULES:
        if noun(path) != "__init__":
            wrong = {name for name in imported(path) - {noun(path)} if level[name] >= level[noun(path)]}
            assert wrong == set(), f"{path.stem} imports from its own level or above"


def test_modules_and_functions_are_small() -> None:
    lengths = []
    for path in MODULES:
        text = path.read_text("utf-8")
        assert text.count("\n") <= 400, path.name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                lengths.append((node.end_lineno or 0) - node.body[0].lineno + 1)
    assert statistics.median(lengths) <= 8
    assert statistics.quantiles(lengths, n=10)[-1] <= 30


def test_the_engine_that_reads_the_plan_stays_small() -> None:
    engine = [TOP / "kg" / f"{name}.py" for name in ("plan", "export", "restore")]
    assert sum(path.read_text("utf-8").count("\n") for path in engine) < 700
    fields = [known for entity in shipped_plan().entities.values() for known in entity.fields]
    assert 10 * sum(known.role is Role.DERIVED for known in fields) < len(fields)


def test_every_module_function_and_class_that_is_public_says_what_it_is() -> None:
    silent = []
    for path in MODULES:
        tree = ast.parse(path.read_text("utf-8"))
        nodes = [tree, *(n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef))]
        for node in nodes:
            name = getattr(node, "name", path.stem)
            if not name.startswith("_") and ast.get_docstring(node) is None:
                silent.append(f"{path.stem}.{name}")
    assert silent == []


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    code = "import sys, kg.cli as c; [c.main.get_command(None, name) for name in c.COMMANDS]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {
        "networkx",
        "numpy",
        "matplotlib",
        "rdflib",
        "pyoxigraph",
        "rich",
        "orjson",
        "fsspec",
        "pycountry",
        "zstandard",
        "pyarrow",
        "distributed",
        "httpx",
        "tenacity",
        "SPARQLWrapper",
    } & set(loaded) == set()


def test_the_tree_of_exceptions_is_drawn_as_it_is() -> None:
    assert errors.__doc__ is not None
    drawn = re.findall(r"[│ ]*[├└]── (\w+)", errors.__doc__)
    made = [name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, kg.KGError)]
    assert sorted([*drawn, "KGError"]) == sorted(made)
    assert sorted(made) == sorted(name for name in kg.__all__ if name[0].isupper())


CODE = [*TOP.glob("*.py"), *(path for name in ("kg", "tests", "benchmarks") for path in (TOP / name).glob("**/*.py"))]


@pytest.mark.parametrize("path", sorted(CODE), ids=lambda path: str(path.relative_to(TOP)))
def test_no_path_of_a_machine_stands_in_the_code(path: Path) -> None:
    assert not re.search(r"[\"']/(home|root|work|Users)/", path.read_text("utf-8"))


def test_the_sections_of_a_record_are_those_of_the_ontology() -> None:
    """The reader tells a study by the keys at its top, before the ontology is read."""
    read = {path.split(".")[0] for path, _, known in shipped_plan().walk() if known.keys}
    assert read - {PAGE} == SECTIONS
