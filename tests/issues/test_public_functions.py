"""Pages of the documentation started ``kg export`` and ``kg store build`` as subprocesses, as there was no public
function; rows of an answer were reached only by ``.rows``."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kg
from kg.ontology.vocabulary import CT
from kg.query.results import Answer
from tests.conftest import DATA, SEED

TOP = Path(__file__).parents[2]
STUDIES = sorted((DATA / "studies").glob("*.json"))[:3]


def test_an_answer_is_a_sequence_of_dictionaries() -> None:
    answer = kg.query("arms", SEED)
    assert len(answer) == 3
    assert [row["arm"] for row in answer] == ["Placebo", "1.0 IL-2", "2.0 IL-2"]
    assert answer[0] == answer.rows[0]
    assert answer[-1]["arm"] == "2.0 IL-2"
    assert [row["position"] for row in answer[1:]] == [2, 3]
    assert repr(answer) == "<Answer: 3 rows of study, position, arm, type, intervention>"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?title ?n { ?s a ct:Study ; rdfs:label ?title ; ct:enrollmentCount ?n }",
        "SELECT ?n ?title { ?s a ct:Study ; rdfs:label ?title OPTIONAL { ?s ct:no ?n } }",
        "SELECT * { ?s ct:phase ?phase }",
    ],
)
def test_a_data_frame_of_an_answer_has_the_variables_as_columns(text: str) -> None:
    pandas = pytest.importorskip("pandas")
    answer = kg.query(text, STUDIES)
    frame = pandas.DataFrame(answer)
    assert list(frame.columns) == answer.variables
    assert len(frame) == len(answer) > 0


def test_a_data_frame_of_no_rows() -> None:
    pandas = pytest.importorskip("pandas")
    answer = kg.query("SELECT ?s ?o { ?s ct:none ?o }", STUDIES)
    assert len(pandas.DataFrame(answer)) == 0
    assert list(pandas.DataFrame(answer, columns=answer.variables)) == list(answer.to_pandas()) == ["s", "o"]


def test_an_answer_of_ask_says_that_it_has_no_rows() -> None:
    answer = kg.query("ASK { ?s a ct:Study }", SEED)
    assert answer
    for use in (len, iter, list):
        with pytest.raises(kg.UsageError, match="The answer of ASK is a truth value"):
            use(answer)


def test_export_writes_what_the_command_writes(tmp_path: Path) -> None:
    report = kg.export(STUDIES, tmp_path / "a.nq", manifest=True, sort=True)
    command = [sys.executable, "-m", "kg", "export", *map(str, STUDIES), "-o", str(tmp_path / "b.nq"), "--sort"]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "a.nq").read_bytes() == (tmp_path / "b.nq").read_bytes()
    assert json.loads((tmp_path / "a.nq.manifest.json").read_text())["studies"] == report.totals.studies == 3


def test_export_of_objects_equals_that_of_their_file(tmp_path: Path) -> None:
    kg.export([json.loads(path.read_bytes()) for path in STUDIES], tmp_path / "objects.ttl", jobs=2)
    kg.export(STUDIES, tmp_path / "files.ttl")
    assert (tmp_path / "objects.ttl").read_bytes() == (tmp_path / "files.ttl").read_bytes()


def test_export_raises_what_is_lost_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"protocolSection": {', "utf-8")
    inputs = [STUDIES[0], tmp_path / "bad.json"]
    with pytest.raises(kg.RecordError):
        kg.export(inputs, tmp_path / "out.nt")
    assert not (tmp_path / "out.nt").exists()
    lost: list[kg.InputError] = []
    assert kg.export(inputs, tmp_path / "out.nt", reject=lost.append).rejected == len(lost) > 0
    assert (tmp_path / "out.nt").exists()


def test_a_store_is_built_updated_opened_and_queried(tmp_path: Path) -> None:
    store = tmp_path / "trials.kgstore"
    assert kg.store.build(STUDIES[:2], store).studies == 2
    changes = kg.store.update(store, json.loads(STUDIES[2].read_bytes()))
    assert (changes.added, changes.replaced) == (1, 0)
    assert len(kg.query("SELECT ?s { ?s ct:record ?r }", store)) == 3
    with kg.store.open(store) as opened:
        assert len([*opened.named_graphs()]) == 3  # shared resources, the ontology, and the state of the store
    assert kg.store.remove(store, [STUDIES[0].stem]) == []
    with pytest.raises(kg.UsageError, match="<Graph> is a graph"):
        kg.store.update(store, kg.graph(SEED))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = kg.store.nothing  # type: ignore[attr-defined]
    assert {"build", "open", "remove", "update"} <= set(dir(kg.store))


def test_a_store_of_graphs_and_records(tmp_path: Path) -> None:
    assert kg.store.build([kg.graph(STUDIES[0]), STUDIES[1]], tmp_path / "s.kgstore").studies == 2


def test_validate_takes_files_stores_graphs_and_open_files(tmp_path: Path) -> None:
    kg.export(STUDIES, tmp_path / "a.nq")
    kg.store.build(STUDIES, tmp_path / "a.kgstore")
    with (tmp_path / "a.nq").open("rb") as file:
        for data in (tmp_path / "a.nq", tmp_path / "a.kgstore", kg.graph(STUDIES), file):
            result = kg.validate(data)
            assert result.conforms, result.findings[:3]
            assert result.studies == 3
    graph = kg.graph(SEED)
    graph.parse(data=f"<https://clinicaltrials.gov/study/NCT02059759> <{CT}enrollmentCount> 'many' .", format="turtle")
    assert str(kg.validate(graph).findings[0]).startswith("<Graph>")
    with pytest.raises(kg.UsageError, match=r"study records, whose graph is kg\.graph"):
        kg.validate({"protocolSection": {}})


def test_coverage_is_counted() -> None:
    result = kg.coverage(*STUDIES)
    assert result.studies == 3
    assert result.share == 100


def test_a_load_that_cannot_work_is_refused() -> None:
    with pytest.raises(kg.UsageError, match="is not a day"):
        kg.load(SEED, "http://127.0.0.1:1/x/query", preset="oxigraph", since="soon")
    with pytest.raises(kg.UsageError, match="cannot be combined"):
        kg.load(SEED, "http://127.0.0.1:1/x", graph="http://example.org/g", prune=True)
    with pytest.raises(kg.OutputError):
        kg.load(SEED, "http://127.0.0.1:1/x", preset="oxigraph")


def test_functions_stay_functions_when_their_packages_are_imported() -> None:
    """``import kg.export.run`` must not replace ``kg.export``."""
    code = (
        "import kg, kg.export.run, kg.load.run, kg.coverage.measure, kg.query.engine, kg.store.embedded, kg.cli.export;"
        "print(all(map(callable, (kg.export, kg.load, kg.coverage, kg.query, kg.store.build))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_every_public_name_is_there_typed_and_documented() -> None:
    functions = {name: getattr(kg, name) for name in kg.__all__ if inspect.isfunction(getattr(kg, name))}
    functions |= {f"store.{name}": getattr(kg.store, name) for name in kg.store.__all__}
    assert {"export", "validate", "load", "coverage", "store.build", "store.update"} <= set(functions)
    for name, function in functions.items():
        assert inspect.getdoc(function), name
        parameters = inspect.signature(function).parameters.values()
        assert all(parameter.annotation is not parameter.empty for parameter in parameters), name


def test_no_page_starts_kg_from_python() -> None:
    for page in (TOP / "README.md", *(TOP / "docs").glob("*.md")):
        for code in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            assert "subprocess" not in code, page.name
            assert "os.system" not in code, page.name


def test_importing_kg_stays_fast() -> None:
    code = (
        "import kg, sys; print(*(name for name in ('pyoxigraph', 'rdflib', 'orjson', 'httpx') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_answers_have_a_short_repr() -> None:
    rows = ",".join('{"n":{"type":"literal","value":"%s"}}' % ("x" * 500) for _ in range(2000))
    answer = Answer(f'{{"head":{{"vars":["n"]}},"results":{{"bindings":[{rows}]}}}}'.encode())
    assert repr(answer) == "<Answer: 2,000 rows of n>"
