"""Queries by name, file and text: data, parameters, formats and error messages."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from kg.errors import OutputError, UsageError
from kg.export.report import Report
from kg.query.endpoint import query_endpoint
from kg.query.engine import evaluate, prepare, query
from kg.query.library import parse_query
from kg.query.parameters import fill_parameters
from kg.query.results import Answer
from kg.store.dataset import open_dataset
from kg.store.embedded import build
from tests.conftest import DATA, SEED, STUDIES

KG = [sys.executable, "-m", "kg"]
COUNT = "SELECT (COUNT(DISTINCT ?study) AS ?studies) { ?study a ct:Study }"
TYPED = """#+ summary: Studies of a condition
#+ parameters:
#+   - name: disease
#+     type: iri
#+     description: A MeSH descriptor
#+   - name: title
#+     type: string
#+     description: Words
#+   - name: least
#+     type: integer
#+     description: A number
PREFIX mesh: <http://id.nlm.nih.gov/mesh/>
PREFIX ct: <https://w3id.org/trialkg/ontology#>
SELECT ?study ?title ?least { # VALUES ?disease { mesh:no }
  VALUES ?disease { mesh:D000690 }
  VALUES ?title { "VALUES ?disease" }
  VALUES ?least { 1 }
  ?study ct:conditionMesh ?disease
}
"""


def kg_query(*arguments: str, code: int = 0, stdin: str = "") -> tuple[str, str]:
    done = subprocess.run([*KG, "query", *arguments], capture_output=True, text=True, check=False, input=stdin)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("query") / "s.kgstore"
    build(STUDIES, place, report=Report())
    return place


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("query") / "all.ttl"
    subprocess.run([*KG, "export", *map(str, STUDIES), "-o", str(place)], check=True, capture_output=True)
    return place


def test_records_rdf_and_stores_give_the_same_answer(folder: Path, exported: Path) -> None:
    answers = [query("conditions", data).rows for data in (STUDIES, folder, exported)]
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0]) > 5


def test_a_query_is_a_name_a_file_a_text_or_standard_input(tmp_path: Path) -> None:
    (tmp_path / "own.rq").write_text(COUNT)
    for query_, stdin in ((COUNT, ""), (str(tmp_path / "own.rq"), ""), ("-", COUNT)):
        assert kg_query(query_, "-d", str(SEED), "-f", "csv", stdin=stdin)[0].split() == ["studies", "1"]
    assert "Placebo" in kg_query("arms", "-d", str(SEED))[0]


def test_formats_of_rows_follow_the_standards() -> None:
    arguments = ("arms", "-d", str(SEED), "-f")
    assert kg_query(*arguments, "csv")[0].splitlines()[0] == "study,position,arm,type,intervention"
    assert kg_query(*arguments, "tsv")[0].splitlines()[0] == "?study\t?position\t?arm\t?type\t?intervention"
    assert len(json.loads(kg_query(*arguments, "json")[0])["results"]["bindings"]) == 3
    assert kg_query(*arguments, "xml")[0].startswith("<?xml")
    table = kg_query(*arguments, "table")[0].splitlines()
    assert re.fullmatch(r"study +position +arm +type +intervention", table[0])
    assert "study:NCT02059759" in table[2]
    assert "not as turtle" in kg_query(*arguments, "turtle", code=2)[1]


def test_answers_of_construct_and_ask() -> None:
    graph = kg_query("CONSTRUCT { ?s a ct:Study } { ?s a ct:Study }", "-d", str(SEED), "-f", "ntriples")[0]
    assert list(ox.parse(graph, format=ox.RdfFormat.N_TRIPLES))
    assert kg_query("ASK { ?s a ct:Study }", "-d", str(SEED))[0] == "yes\n"
    assert json.loads(kg_query("ASK { ?s a ct:Nothing }", "-d", str(SEED), "-f", "json")[0])["boolean"] is False


def test_values_replace_only_the_defaults() -> None:
    question = parse_query("own", TYPED)
    text = fill_parameters(
        question, {"disease": ["D009422", "mesh:D000690", "http://id.nlm.nih.gov/mesh/C1"], "least": ["7"]}
    )
    values = [line.strip() for line in text.splitlines() if line.strip().startswith("VALUES")]
    mesh = "http://id.nlm.nih.gov/mesh/"
    assert values == [
        f"VALUES ?disease {{ <{mesh}D009422> <{mesh}D000690> <{mesh}C1> }}",
        'VALUES ?title { "VALUES ?disease" }',
        "VALUES ?least { 7 }",
    ]
    assert "# VALUES ?disease { mesh:no }" in text


HOSTILE = [
    '" } DROP ALL #', "' } #", "\\", '\\"', '"""', "'''", "} ; DELETE WHERE { ?s ?p ?o } #", "\n} #", "\r\n", "\t",
    "?x", "$x", "<http://a/>", "@en", '"@en', '"^^<x>', "# comment", "{ }", "}}", "%s", "\\u0022 }", "\\U00000022",
    "𝒳 }", "\0", "SERVICE <http://localhost/> { }",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_a_string_or_is_rejected(value: str) -> None:
    question = parse_query("own", TYPED)
    text = fill_parameters(question, {"title": [value], "disease": ["D000690"]})
    with open_dataset([SEED], Report()) as store:
        before = len(store)
        rows = evaluate(store, text).rows
        assert len(store) == before
    assert [row["title"] for row in rows] == [value]
    for name in ("disease", "least"):
        with pytest.raises(UsageError, match=f"of {name} is not"):
            fill_parameters(question, {name: [value]})


def test_an_unknown_parameter_is_an_error_that_lists_the_parameters() -> None:
    with pytest.raises(UsageError, match="has no parameter condition; its parameters: disease, title, least"):
        fill_parameters(parse_query("own", TYPED), {"condition": ["x"]})
    assert "is not of the form NAME=VALUE" in kg_query("arms", "-d", str(SEED), "-p", "x", code=2)[1]


@pytest.mark.parametrize(
    "text",
    ["DROP ALL", "INSERT DATA { <a:b> <a:b> <a:b> }", "LOAD <file:///etc/passwd>", "# x\nDELETE WHERE { ?s ?p ?o }"],
)
def test_updates_are_rejected(text: str) -> None:
    with open_dataset([SEED], Report()) as store, pytest.raises(UsageError, match="would change data"):
        evaluate(store, text)


def test_other_servers_are_called_only_with_the_option() -> None:
    text = "SELECT * { SERVICE SILENT <http://127.0.0.1:9/> { ?s ?p ?o } }"
    assert "--allow-service" in kg_query(text, "-d", str(SEED), code=2)[1]
    kg_query(text, "-d", str(SEED), "--allow-service")
    kg_query("SELECT * { ?s ct:acronym 'SERVICE' } # SERVICE", "-d", str(SEED))


def test_a_syntax_error_shows_the_place() -> None:
    message = kg_query("SELECT ?s {\n  ?s ct:phase }\n", "-d", str(SEED), code=2)[1].splitlines()
    assert re.match(r"kg: Syntax error at line \d+, column \d+: expected", message[0])
    assert message[2].strip() == "^"
    assert "^" not in message[0]


@pytest.mark.parametrize(
    ("text", "message", "caret"),
    [
        ("SELECT * {\n  ?s a ct:Study }}", "line 2, column 19: expected something else.", 18),
        ("SELECT * { ?s a cts:Study }", "line 1, column 17: the prefix cts: is not declared; did you mean ct:?", 16),
        ("SELECT * {\n ?s a\tCt:Study }", "line 2, column 7: the prefix Ct: is not declared; did you mean ct:?", 6),
        ("SELECT * { ?s a schema:MedicalTrial }", "line 1, column 17: the prefix schema: is not declared.", 16),
        ("SELEC * { ?s ?p ?o }", "line 1, column 10: expected SELECT, ASK, CONSTRUCT or DESCRIBE.", 9),
        ("SELECT ?x { ?s ?p ?o } GROUP BY ?s", "the SELECT contains a variable that is unbound.", 34),
        ("SELECT * { ?s ?p <a b> }", "line 1, column 23: IRI parsing failed.", 22),
    ],
)
def test_a_syntax_error_has_the_line_of_the_original_text(text: str, message: str, caret: int) -> None:
    """Line numbers do not count the prefixes that are added."""
    with open_dataset([SEED], Report()) as store, pytest.raises(UsageError) as error:
        query(text, store)
    lines = str(error.value).split("\n")
    assert lines[0].endswith(message)
    assert lines[2].index("^") == caret


def test_a_query_with_from_reads_no_other_graph() -> None:
    label = "SELECT ?label FROM <https://w3id.org/trialkg/graph/ontology> { ct:phase rdfs:label ?label }"
    assert [row["label"] for row in query(label, STUDIES[:3]).rows] == ["phase"]
    assert query("SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }", STUDIES[:3]).is_empty


@pytest.mark.parametrize(
    "text", ["SELECT * { GRAPH ?g { ?s a ct:Study } }", "SELECT * FROM rec:NCT02059759 { ?s a ct:Study }"]
)
def test_a_query_for_the_graph_of_a_study_is_told_that_there_is_none(text: str) -> None:
    text = text.replace("rec:NCT02059759", "<https://w3id.org/trialkg/record/NCT02059759>")
    assert "Studies have no graphs of their own here" in kg_query(text, "-d", str(SEED))[1]


def test_an_empty_answer_reports_unknown_terms() -> None:
    message = kg_query("SELECT * { ?s ct:phaze code:Phase2 }", "-d", str(SEED))[1]
    assert "kg: ct:phaze does not occur in the data; did you mean ct:phase?" in message
    assert "kg: code:Phase2 does not occur in the data; did you mean code:PHASE2?" in message
    for nothing in ("ASK { ?s a ct:Studdy }", "SELECT (COUNT(*) AS ?n) { ?s a ct:Studdy }"):
        assert "did you mean ct:Study?" in kg_query(nothing, "-d", str(SEED))[1]


@pytest.mark.parametrize("text", ["RECRUITING", "Not yet recruiting", "not_yet_recruiting", "Phase 2"])
def test_a_string_in_place_of_a_code_is_reported(text: str) -> None:
    message = kg_query(f"SELECT * {{ ?s ct:overallStatus '{text}' }}", "-d", str(SEED))[1]
    code = {"phase2": "PHASE2"}.get(text.lower().replace(" ", ""), text.upper().replace(" ", "_"))
    assert f"kg: '{text}' matches no ct:overallStatus, which has values of type IRI; write code:{code}." in message


def test_unknown_data_and_queries_are_one_error_message() -> None:
    assert "No input is given" in kg_query("arms", code=2)[1]
    assert "did you mean arms?" in kg_query("arm", "-d", str(SEED), code=2)[1]
    assert "No such file" in kg_query("arms", "-d", "nowhere.ttl", code=2)[1]
    assert "No query is given" in kg_query("-d", str(SEED), code=2)[1]


def test_the_library_is_listed_and_printed() -> None:
    assert re.search(r"^arms +\S", kg_query("--list")[0], re.MULTILINE)
    assert "SELECT" in kg_query("arms", "--show")[0]


def test_an_answer_converts_to_python_pandas_and_html() -> None:
    answer = kg.query("SELECT ?s (36 AS ?n) ('<b>' AS ?t) { ?s a ct:Study }", SEED)
    assert answer.rows == [{"s": "https://clinicaltrials.gov/study/NCT02059759", "n": 36, "t": "<b>"}]
    assert str(answer.to_pandas().dtypes["n"]) == "Int64"
    assert "&lt;b&gt;" in answer._repr_html_()
    assert "<b>" not in answer._repr_html_()
    assert answer.hints == ()


def test_an_empty_answer_has_hints() -> None:
    answer = kg.query("SELECT ?s { ?s ct:phase ct:Phase2 ; ct:overallStatus '<Completed>' }", SEED)
    assert answer.hints[0] == "ct:Phase2 does not occur in the data; did you mean code:PHASE2?"
    assert "<p>&#x27;&lt;Completed&gt;&#x27; matches no ct:overallStatus" in answer._repr_html_()


@pytest.fixture(scope="module")
def server(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Oxigraph server with the same studies."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("oxigraph")
    if not program.exists():
        if os.environ.get("KG_CI"):
            pytest.fail("the oxigraph server is not installed")
        pytest.skip("the oxigraph server is not installed (pip install oxigraph)")
    place = tmp_path_factory.mktemp("server")
    load = [program, "load", "--location", place, "--file", exported]
    subprocess.run(load, check=True, capture_output=True)
    process = subprocess.Popen([program, "serve", "--location", place, "--bind", f"127.0.0.1:{port}"])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/query"
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("name", ["conditions", "arms", "countries"])
def test_an_endpoint_returns_the_answer_of_the_store(server: str, folder: Path, name: str) -> None:
    assert query_endpoint(server, prepare(name)).rows == query(name, folder).rows


def test_an_endpoint_answers_construct_and_ask(server: str) -> None:
    graph = query_endpoint(server, prepare("CONSTRUCT { ?s a ct:Study } { ?s a ct:Study }"))
    assert len(graph.triples or ()) == len(STUDIES)
    assert query_endpoint(server, prepare("ASK { ?s a ct:Study }")).yes is True
    assert kg_query(COUNT, "--endpoint", server, "-f", "csv")[0].split()[1] == str(len(STUDIES))


def test_an_endpoint_without_an_answer_is_one_error_message(server: str) -> None:
    with pytest.raises(OutputError, match="gave no answer"):
        query_endpoint("http://127.0.0.1:9/query", prepare(COUNT), timeout=2)
    with pytest.raises(OutputError, match="gave no answer"):
        query_endpoint(server, "SELECT nonsense {", timeout=5)
    assert isinstance(Answer(), Answer)
    assert DATA.exists()


def test_the_function_is_not_replaced_by_the_package_of_its_name() -> None:
    code = "import kg; from kg.query.engine import query; import kg.query.results; print(callable(kg.query))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
