"""``kg.graph(response.json())`` was a TypeError, ``kg.query`` took the keys of a study for file names, and a list of
studies or an open file was refused: every function that takes inputs takes Python objects too."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyoxigraph as ox
import pytest

import kg
from kg.errors import raise_losses
from kg.store.dataset import classify_inputs, open_dataset
from tests.conftest import DATA

FILES = sorted((DATA / "studies").glob("*.json"))[:2]
STUDIES: list[dict[str, Any]] = [json.loads(path.read_bytes()) for path in FILES]
ONE, TWO = STUDIES
NUMBER = FILES[0].stem
TEXT = FILES[0].read_text("utf-8")


def zipped() -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.json", TEXT)
    file.seek(0)
    return file


def after_a_line() -> io.TextIOWrapper:
    """A text file of JSON Lines whose first line was read."""
    file = io.TextIOWrapper(io.BytesIO(b'{"a": 1}\n' + json.dumps(ONE).encode()), "utf-8")
    file.readline()
    return file


OBJECTS: dict[str, tuple[int, Callable[[], Any]]] = {
    "dictionary": (1, lambda: ONE),
    "page": (2, lambda: {"studies": STUDIES}),
    "page of a page": (2, lambda: {"totalCount": 2, "studies": STUDIES}),
    "list": (2, lambda: STUDIES),
    "tuple": (2, lambda: tuple(STUDIES)),
    "values of a dictionary": (2, lambda: dict(zip("ab", STUDIES, strict=True)).values()),
    "generator": (2, lambda: (study for study in STUDIES)),
    "map": (2, lambda: map(dict, STUDIES)),
    "generator of pages": (2, lambda: ({"studies": [study]} for study in STUDIES)),
    "list of pages": (2, lambda: [{"studies": [ONE]}, {"studies": [TWO]}]),
    "list of lists": (2, lambda: [[ONE], [TWO]]),
    "names": (2, lambda: [str(FILES[0]), FILES[1]]),
    "generator of names": (2, lambda: (path for path in FILES)),
    "mix": (2, lambda: [FILES[0], TWO]),
    "binary file": (1, lambda: FILES[0].open("rb")),
    "text file": (1, lambda: FILES[0].open(encoding="utf-8")),
    "text file after a line": (1, after_a_line),
    "files": (2, lambda: [path.open("rb") for path in FILES]),
    "bytes in a file": (1, lambda: io.BytesIO(TEXT.encode())),
    "text in a file": (1, lambda: io.StringIO(TEXT)),
    "gzip": (1, lambda: io.BytesIO(gzip.compress(TEXT.encode()))),
    "open gzip": (1, lambda: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(TEXT.encode())))),
    "open bzip2": (1, lambda: bz2.BZ2File(io.BytesIO(bz2.compress(TEXT.encode())))),
    "zip": (1, zipped),
    "bytes": (1, lambda: TEXT.encode()),
    "text": (1, lambda: TEXT),
    "response": (1, lambda: SimpleNamespace(status_code=200, content=TEXT.encode())),
}
USES: dict[str, Callable[[Any], int]] = {
    "read": lambda data: len([*kg.read(data)]),
    "ntriples": lambda data: len([*kg.ntriples(data)]),
    "graph": lambda data: count(kg.graph(data).query("SELECT ?s { ?s a ct:Study ; ct:record ?r }")),
    "study": lambda data: 1 if kg.study(NUMBER, data).title else 0,
    "drawing": lambda data: 1 if kg.drawing(data, study=NUMBER).nodes else 0,
    "query": lambda data: len(kg.query("SELECT ?s { ?s a ct:Study ; ct:record ?r }", data)),
    "to_networkx": lambda data: [
        *dict(kg.to_networkx(data).nodes(data="type")).values(),
    ].count("Record"),
}


def count(rows: Any) -> int:
    return len([*rows])


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("use", USES)
def test_every_function_takes_every_object(name: str, use: str) -> None:
    expected, create = OBJECTS[name]
    assert USES[use](create()) == (1 if use in ("study", "drawing") else expected)


def test_an_object_gives_the_statements_of_its_file() -> None:
    assert set(kg.graph(STUDIES)) == set(kg.graph(*FILES))
    assert [record.data for record in kg.read(ONE, TWO)] == STUDIES


def test_a_generator_is_read_as_it_is_consumed() -> None:
    taken: list[int] = []

    def studies() -> Iterator[dict[str, Any]]:
        for i in range(2000):
            taken.append(i)
            yield ONE

    next(iter(kg.ntriples(studies())))
    assert len(taken) < 2000


def test_an_open_file_stays_open() -> None:
    with FILES[0].open("rb") as file:
        kg.graph(file)
        assert not file.closed


@pytest.mark.parametrize("extension", ["nt", "nq", "ttl", "trig", "jsonld", "rdf", "parquet", "nq.gz"])
def test_an_open_file_of_rdf_is_read_as_its_name_says(tmp_path: Path, extension: str) -> None:
    name = tmp_path / f"study.{extension}"
    kg.export([FILES[0]], name)
    with name.open("rb") as file, open_dataset(file) as store:
        subjects = {quad.subject for quad in store.quads_for_pattern(None, None, None)}
    assert ox.NamedNode(f"https://clinicaltrials.gov/study/{NUMBER}") in subjects
    with name.open("rb") as file:
        assert kg.study(NUMBER, [file, TWO]).title


def test_graphs_mix_with_everything_else(tmp_path: Path) -> None:
    kg.export([FILES[1]], tmp_path / "two.nq")
    for data in ([kg.graph(ONE), TWO], [kg.graph(ONE), tmp_path / "two.nq"], [FILES[0], kg.graph(TWO)]):
        assert len(kg.query("SELECT ?s { ?s a ct:Study ; ct:record ?r }", data)) == 2
    assert len(classify_inputs([kg.graph(ONE), ox.Store()]).graphs) == 2


REFUSED = {
    "None": None,
    "An int": 3,
    "A NotebookGraph": kg.graph(ONE),
    "An object": object(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_objects_are_refused_in_one_sentence(name: str) -> None:
    for use in (kg.graph, kg.read, kg.ntriples):
        with pytest.raises(kg.UsageError, match=f"^{name} is not an input; give names of files, open files, or "):
            [*use(REFUSED[name])]  # type: ignore[operator]


def test_a_data_frame_is_refused_with_what_to_do() -> None:
    pandas = pytest.importorskip("pandas")
    with pytest.raises(kg.UsageError, match=r"data\.to_dict\('records'\)\.$"):
        kg.graph(pandas.DataFrame(STUDIES))
    assert len(kg.graph(pandas.DataFrame([ONE]).to_dict("records"))) == len(kg.graph(ONE))


def test_nothing_in_an_object_is_said_in_one_sentence() -> None:
    for empty, name in (([], "list"), (iter(()), "generator"), (io.BytesIO(), "BytesIO"), (b"", "bytes")):
        with pytest.raises(kg.SourceError, match=rf"^<{name}>: is empty\.$"):
            kg.graph(empty)


def test_a_value_that_is_no_json_and_a_generator_that_fails_are_named() -> None:
    with pytest.raises(kg.SourceError, match=r"^<dict>: has a value that is not JSON \(.*complex\)\.$"):
        kg.graph(ONE | {"extra": 1j})

    def failing() -> Iterator[dict[str, Any]]:
        yield ONE
        raise OSError("the API is down")

    with pytest.raises(kg.SourceError, match=r"^<generator>: cannot be read to its end \(the API is down\)\.$"):
        kg.graph(failing())


def test_what_is_lost_is_not_silent(tmp_path: Path) -> None:
    """A query over records of which one is broken dropped it without a word."""
    broken = tmp_path / "broken.jsonl"
    broken.write_text(json.dumps(ONE) + "\n" + json.dumps(TWO)[:-5] + "\n", "utf-8")
    for use in ("query", "study", "drawing", "to_networkx"):
        with pytest.raises(kg.InputError, match=r"broken\.jsonl, record 2"):
            USES[use](broken)
    lost: list[kg.InputError] = []
    assert len(kg.query("SELECT ?s { ?s ct:record ?r }", broken, reject=lost.append)) == 1
    assert lost


def test_a_picture_of_nothing_is_not_the_ontology() -> None:
    with pytest.raises(kg.UsageError, match="No data is given"):
        kg.drawing(None, view="sites")
    assert kg.drawing(ontology=True).nodes


def test_missing_pages_are_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"^<dict>: lacks 3 studies\.$"):
        raise_losses(kg.Incomplete("lacks 3 studies", file="<dict>"))
