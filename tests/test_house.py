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
from kg.export.report import Report
from kg.mapping.plan import Role, shipped_plan
from kg.records.saved_page import SECTIONS
from kg.restore.records import PAGE
from kg.store.embedded import build
from tests.conftest import SEED

TOP = Path(__file__).parent.parent
MODULES = sorted((TOP / "kg").glob("**/*.py"))
LAYERS = (
    "errors _types _process _version http",
    "ontology _emitter",
    "mapping",
    "records",
    "rdf",
    "export",
    "store",
    "query",
    "coverage restore validation",
    "draw network load mesh registry",
    "notebook serve",
    "cli __main__",
)
"""The packages and top-level modules, lowest layer first. A module imports from its own package or a lower layer;
modules of the ground layer may import each other."""


def layer_of(name: str) -> int:
    return next(i for i, names in enumerate(LAYERS) if name in names.split())


def top_level(path: Path) -> str:
    """The package or top-level module of ``kg`` that a file belongs to."""
    return path.relative_to(TOP / "kg").parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The packages and top-level modules of ``kg`` that a module imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "kg":
            names |= {node.module.split(".")[1]} if "." in node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("kg.")}
    return names


def test_every_module_has_a_layer() -> None:
    assert {top_level(path) for path in MODULES} - {"__init__"} | {"_emitter"} == set(" ".join(LAYERS).split())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TOP)))
def test_imports_never_go_upwards(path: Path) -> None:
    name = top_level(path)
    if name == "__init__":
        return
    layer = layer_of(name)
    upwards = {other for other in imported(path) - {name} if layer_of(other) > layer}
    siblings = {other for other in imported(path) - {name} if layer_of(other) == layer}
    assert upwards == set()
    assert siblings == set() or layer in (0, len(LAYERS) - 1), "a package of the same layer"


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def modules_imported(path: Path) -> set[Path]:
    """The files of the package that a module imports when it is imported, or for its types."""
    tree = ast.parse(path.read_text("utf-8"))
    in_functions = {
        node for function in ast.walk(tree) if isinstance(function, FUNCTIONS) for node in ast.walk(function)
    }
    files: set[Path] = set()
    for node in set(ast.walk(tree)) - in_functions:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "kg":
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            files |= {file for name in names if (file := TOP / f"{name.replace('.', '/')}.py").exists()}
    return files


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    remaining = {path: modules_imported(path) for path in MODULES}
    while independent := {path for path, others in remaining.items() if not others & remaining.keys()}:
        remaining = {path: others for path, others in remaining.items() if path not in independent}
    assert sorted(str(path.relative_to(TOP)) for path in remaining) == []


def test_the_package_has_few_entries_at_its_top() -> None:
    entries = {top_level(path) for path in MODULES} | {"py.typed", "_emitter.pyi"}
    assert len(entries) <= 27


def test_modules_and_functions_are_small() -> None:
    lengths = []
    for path in MODULES:
        text = path.read_text("utf-8")
        assert text.count("\n") <= 400, path.name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, FUNCTIONS):
                lengths.append((node.end_lineno or 0) - node.body[0].lineno + 1)
    assert statistics.median(lengths) <= 8
    assert statistics.quantiles(lengths, n=10)[-1] <= 30


def test_the_engine_that_reads_the_plan_stays_small() -> None:
    engine = [TOP / "kg" / name for name in ("mapping/plan.py", "export/exporter.py", "restore/records.py")]
    assert sum(path.read_text("utf-8").count("\n") for path in engine) < 750
    fields = [known for entity in shipped_plan().entities.values() for known in entity.fields]
    assert 10 * sum(known.role is Role.DERIVED for known in fields) < len(fields)


def test_every_module_function_and_class_that_is_public_says_what_it_is() -> None:
    silent = []
    for path in MODULES:
        tree = ast.parse(path.read_text("utf-8"))
        nodes = [tree, *(n for n in tree.body if isinstance(n, (*FUNCTIONS, ast.ClassDef)))]
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
        "starlette",
        "uvicorn",
        "jinja2",
    } & set(loaded) == set()


@pytest.fixture(scope="module")
def a_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house") / "s.kgstore"
    build([SEED], folder, report=Report())
    return folder


EXPORTS = r"export\.|records|mapping"
MODULES_LOADED = {
    "--help": (35, rf"{EXPORTS}|ontology|rdf|store\.|query\.|_process"),
    "store info STORE": (23, rf"{EXPORTS}|rdf|query\.|store\.(merge|embedded|shared_graph)"),
    "query arms --data STORE": (
        32,
        rf"{EXPORTS}|rdf\.(columns|parquet|parse)|store\.merge|query\.(diagnostics|endpoint|explain|liter|near)",
    ),
    "export SEED -o OUT": (
        70,
        r"store\.|query\.|validation|rdf\.(columns|parquet|parse|jsonld)|export\.(cluster|void)",
    ),
}
"""Command -> the greatest number of modules of kg that it loads, and those that it does not load."""
AT_EXIT = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"


@pytest.mark.parametrize("command", MODULES_LOADED)
def test_a_command_loads_few_modules(command: str, a_store: Path, tmp_path: Path) -> None:
    limit, unused = MODULES_LOADED[command]
    places = {"STORE": a_store, "SEED": SEED, "OUT": tmp_path / "out.nt"}
    arguments = [str(places.get(word, word)) for word in command.split()]
    code = f"{AT_EXIT}; import kg.__main__ as command; command.main()"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    loaded = [name for name in done.stderr.split() if name.split(".")[0] == "kg"]
    assert [name for name in loaded if re.match(rf"kg\.({unused})", name)] == []
    assert len(loaded) <= limit


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
