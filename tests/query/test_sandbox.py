"""Queries that would crash the engine, never end or exhaust memory raise an error and leave no process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from kg.errors import KGError, OutputError, UsageError
from kg.query.engine import PREFIXES, evaluate
from kg.query.sandbox import Limits, run_limited
from kg.store.embedded import build
from tests.conftest import SEED
from tests.query.test_engine import KG, kg_query

MANY = 100_000
DEEP = {
    "parentheses": f"SELECT * {{ FILTER({'(' * MANY}1{')' * MANY}) }}",
    "groups": f"SELECT * {{ {'{' * MANY}?s ?p ?o{'}' * MANY} }}",
    "unions": f"SELECT * {{ {' UNION '.join(['{?s ?p ?o}'] * MANY)} }}",
    "path": f"SELECT * {{ ?s <a:b>{'/<a:b>' * MANY} ?o }}",
    "functions": f"SELECT * {{ FILTER({'STR(' * MANY}1{')' * MANY}) }}",
    "sums": f"SELECT * {{ FILTER(1{'+1' * MANY}) }}",
}
LENGTHS = " + ".join(f"STRLEN(STR(?{name}))" for name in "cfi")
EVER = f"SELECT (COUNT(*) AS ?n) {{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER({LENGTHS} = -1) }}"
ALL = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
DISTINCT = "SELECT DISTINCT ?a ?b ?d ?e { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?i"
NOWHERE = "http://127.0.0.1:9999/"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("guard") / "s.kgstore"
    from kg.export.report import Report

    build([SEED], place, report=Report())
    return place


def children() -> list[int]:
    """The child processes of this one, including zombies."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(number) for number in listed.read_text().split()] if listed.exists() else []


@pytest.mark.parametrize("name", DEEP)
def test_too_deep_a_query_is_an_error_and_the_next_one_runs(store: Path, name: str) -> None:
    before = children()
    with pytest.raises((UsageError, OutputError), match="too deeply nested for the engine"):
        kg.query(DEEP[name], store)
    assert kg.query("ASK { ?s a ct:Study }", store).yes is True
    assert children() == before


def test_the_command_survives_too_deep_a_query(tmp_path: Path) -> None:
    (tmp_path / "deep.rq").write_text(DEEP["parentheses"])
    message = kg_query(str(tmp_path / "deep.rq"), "-d", str(SEED), code=2)
    assert message == (
        "",
        "kg: The query is too deeply nested for the engine, or one of its lists is too long.\n",
    )


def test_a_picture_survives_too_deep_a_query(tmp_path: Path) -> None:
    (tmp_path / "deep.rq").write_text(DEEP["groups"].replace("SELECT *", "SELECT ?s ?o"))
    (tmp_path / "far.rq").write_text(f"SELECT ?s ?o {{ SERVICE <{NOWHERE}> {{ ?s ?p ?o }} }}")
    for name, message in (("deep", "too deeply nested for the engine"), ("far", "calls another server (SERVICE)")):
        command = [*KG, "draw", str(SEED), "--query", str(tmp_path / f"{name}.rq"), "-o", str(tmp_path / "page.html")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert message in done.stderr
        assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("in_memory", [False, True], ids=["store", "records"])
def test_an_endless_query_is_stopped_in_time(store: Path, in_memory: bool) -> None:
    before = children()
    started = time.monotonic()
    with pytest.raises(OutputError, match=r"stopped after 0\.5 s"):
        kg.query(EVER, SEED if in_memory else store, timeout=0.5)
    assert time.monotonic() - started < 10
    assert children() == before


def test_the_error_of_a_timeout_names_the_remedy(store: Path) -> None:
    message = kg_query(EVER, "-d", str(store), "--timeout", "1", code=1)[1]
    assert message == "kg: The query was stopped after 1 s; use a longer timeout to give it more time.\n"


@pytest.mark.parametrize("text", [ALL, DISTINCT], ids=["answer", "sorted"])
def test_a_query_that_exhausts_memory_is_stopped(store: Path, text: str) -> None:
    before = children()
    with pytest.raises(OutputError, match="200 MB"):
        kg.query(text, store, memory=200_000_000)
    assert children() == before


def test_crash_messages_of_the_engine_do_not_reach_the_terminal(store: Path) -> None:
    assert kg_query(DISTINCT, "-d", str(store), "--memory", "0.2", code=1)[1].count("\n") == 1


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_child_ends_with_the_command(store: Path, end: signal.Signals) -> None:
    process = subprocess.Popen([*KG, "query", EVER, "-d", str(store)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not listed.exists():
        process.kill()
        pytest.skip("the children of a process are not listed here")
    while not (found := listed.read_text().split()):
        time.sleep(0.02)
    process.send_signal(end)
    message = process.communicate(timeout=10)[1].decode()
    assert "Traceback" not in message
    deadline = time.monotonic() + 10
    while Path(f"/proc/{found[0]}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{found[0]}").exists()


def test_an_interrupt_in_a_notebook_leaves_no_child(store: Path) -> None:
    before = children()
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            kg.query(EVER, store)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert children() == before


JOINED = [
    f"SELECT * {{ SERVICE <{NOWHERE}> {{ }} }}",
    f"SELECT * {{ service silent <{NOWHERE}> {{ }} }}",
    f"PREFIX x: <{NOWHERE}> SELECT * {{ SERVICEx: {{ }} }}",
    f"PREFIX x: <{NOWHERE}> SELECT * {{ ?s ?p trueSERVICEx: {{ }} }}",
    f"SELECT * {{ ?s ?p x:a\\# SERVICE <{NOWHERE}> {{ }}\n}}",
    f"SELECT * {{ ?s ?p x:a\\' SERVICE <{NOWHERE}> {{ }}\n}} # '",
    f"SELECT * {{ VALUES ?x {{ <{NOWHERE}> }} ?s ?p ?a FILTER(?a<1)SERVICE?x#>\n{{ }} }}",
    f"SELECT * {{ _:b ?p ?o.SERVICE<{NOWHERE}>{{ }} }}",
    f"SELECT * {{ ?s ?p 1e3SERVICE<{NOWHERE}>{{ }} }}",
]


@pytest.mark.parametrize("text", JOINED)
def test_service_is_rejected_in_any_spelling(text: str) -> None:
    with pytest.raises(UsageError, match="allow-service"):
        evaluate(ox.Store(), text)


@pytest.mark.parametrize("text", ["# SERVICE", "SELECT * { ?service ct:x 'SERVICE' , <http://a/service/> }"])
def test_the_word_service_alone_is_allowed(text: str) -> None:
    evaluate(
        ox.Store(),
        f"PREFIX ct: <{PREFIXES['ct']}> SELECT * {{ }} {text}" if text[0] == "#" else f"PREFIX ct: <a:> {text}",
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can refuse a process its connections")
def test_the_child_has_no_network(store: Path) -> None:
    from kg import _process

    def connect(_: object) -> None:
        import socket

        assert _process.forbid_network()
        try:
            socket.socket()
        except PermissionError as error:
            raise OutputError("no socket") from error

    with pytest.raises(KGError, match="no socket"):
        run_limited(connect, Limits())
    assert kg.query("SELECT * { GRAPH <file:///etc/passwd> { ?s ?p ?o } }", store).rows == []


def test_large_answers_are_complete(store: Path) -> None:
    answer = kg.query("SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 50000", store)
    assert len(answer.terms) == 50_000
    assert answer.serialize("csv").count(b"\r\n") >= 50_001
