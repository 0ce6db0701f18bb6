"""The compiled emitter by itself: it keeps to its memory, gives back what it takes, and bounds what a record costs."""

from __future__ import annotations

import gc
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from kg.export.exporter import Exporter
from kg.export.native import native
from tests.conftest import STUDIES
from tests.export.test_native import same
from tests.native import fuzz

TOP = Path(__file__).parents[2]
SOURCES = sorted((TOP / "native").glob("*.c"))
CHECKED = ["-std=c11", "-O1", "-g", "-fPIC", "-shared", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
STRICT = ["-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers"]

pytestmark = pytest.mark.skipif(
    native() is None and not os.environ.get("KG_CI"), reason="the emitter is not built: there was no C compiler"
)


def library(name: str) -> Path | None:
    """A library of the compiler, where it has that."""
    if not shutil.which("gcc"):
        return None
    found = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    path = Path(found.stdout.strip())
    return path if path.is_absolute() else None


needs_asan = pytest.mark.skipif(
    not (library("libasan.so") and library("libubsan.so")) and not os.environ.get("KG_CI"),
    reason="no gcc with its sanitizers",
)


@needs_asan
def test_no_record_leads_the_emitter_out_of_its_memory(tmp_path: Path) -> None:
    target = tmp_path / "_emitter.abi3.so"
    include = sysconfig.get_path("include")
    subprocess.run(["gcc", *CHECKED, *STRICT, f"-I{include}", *map(str, SOURCES), "-o", str(target)], check=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(TOP),
        "LD_PRELOAD": str(library("libasan.so")),
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",  # so that each array, and each record, is known by itself
    }
    run = subprocess.run(
        [sys.executable, "-m", "tests.native.fuzz", str(tmp_path), "1", "1000"],
        env=environment,
        cwd=TOP,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-5000:]
    assert int(run.stdout) > 1000


@pytest.mark.parametrize("file", sorted((TOP / "native").glob("*.[ch]")), ids=lambda path: path.name)
def test_modules_in_c_are_small_too(file: Path) -> None:
    text = file.read_text("utf-8")
    assert text.count("\n") <= 400
    assert max(map(len, text.splitlines())) <= 120


def blocks(work: Callable[[], object]) -> tuple[int, int]:
    """The blocks that Python holds, and its bytes, after some work."""
    work()
    gc.collect()
    return sys.getallocatedblocks(), tracemalloc.get_traced_memory()[0]


def test_what_is_taken_for_a_record_is_given_back() -> None:
    exporter = Exporter(grouped=True)
    pieces = [*(path.read_bytes() for path in STUDIES), fuzz.SMALL, fuzz.same_names(60, 2), b"{", fuzz.SMALL[:-9]]
    odd = [fuzz.small("conditionsModule", conditions=[1]), fuzz.small("statusModule", startDateStruct={"date": "x"})]

    def export() -> None:
        for piece in pieces + odd:
            exporter.try_json(piece)
            exporter.try_json(piece)

    tracemalloc.start()
    try:
        for _ in range(3):
            export()
        before = blocks(export)
        for _ in range(30):
            export()
        after = blocks(export)
    finally:
        tracemalloc.stop()
    assert after[0] - before[0] < 100
    assert after[1] - before[1] < 10_000


def test_emitters_are_given_back() -> None:
    made = Exporter(grouped=True)

    def make() -> None:
        for _ in range(20):
            emitter = emitter_of(made)
            emitter(STUDIES[0].read_bytes())
            del emitter

    tracemalloc.start()
    try:
        make()
        before = blocks(make)
        after = blocks(make)
    finally:
        tracemalloc.stop()
    assert after[1] - before[1] < 10_000


def parts_of(exporter: Exporter) -> list[Any]:
    """What the extension is given."""
    programs, emitter = exporter.emitter.programs, exporter.emitter
    facts = tuple(map(programs.path, exporter.headers.paths))
    made = [programs.types, tuple(programs.programs), tuple(programs.spellings), programs.words, facts]
    return [*made, emitter._token, emitter._text, emitter._resource]


def emitter_of(exporter: Exporter, **instead: Any) -> Any:
    names = ["types", "programs", "readers", "words", "facts", "convert", "refuse", "describe"]
    given = dict(zip(names, parts_of(exporter), strict=True)) | instead
    made = native()
    assert made is not None
    return made(*given.values())


OP = (2, -1, 0, 0, -1, -1, False, False, b"", b"", b"", b"", b"", b"", 0, -1, (), (), False, ())


def changed(place: int, value: object) -> tuple[object, ...]:
    return ((*OP[:place], value, *OP[place + 1 :]),)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("types", ()),
        ("types", (((b"a", 1, 7),),)),
        ("types", (((b"a", 7, 0),),)),
        ("types", ((("a", 0, 0),),)),
        ("types", (b"a",)),
        ("programs", ()),
        ("programs", (changed(0, 16),)),
        ("programs", (changed(0, -1),)),
        ("programs", (changed(1, -2),)),
        ("programs", (changed(1, 2**31),)),
        ("programs", (changed(1, 2**70),)),
        ("programs", (changed(4, 16),)),
        ("programs", (changed(8, None),)),
        ("programs", (changed(15, 1),)),
        ("programs", (changed(16, ((b"", 0, 10**6),)),)),
        ("programs", (changed(17, (-1,)),)),
        ("programs", ((OP[:12],),)),
        ("programs", (changed(0, 0),)),
        ("programs", (((0, 0, *OP[2:15], 0, (), ()),),)),
        ("programs", (((3, 0, 0, 10**6, *OP[4:]),),)),
        ("readers", ((b"a",),)),
        ("readers", (b"a",)),
        ("words", (b"a",) * 11),
        ("facts", ((0,), (0,))),
    ],
)
def test_a_plan_that_is_none_is_refused(part: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError, IndexError, OverflowError, SystemError)):
        emitter_of(Exporter(), **{part: value})


def test_keys_that_a_type_does_not_have_are_not_read() -> None:
    programs = (changed(1, 10**6),)
    assert emitter_of(Exporter(), programs=programs)(fuzz.SMALL) is None


@pytest.mark.parametrize("name", ["convert", "refuse", "describe"])
@pytest.mark.parametrize("given", [1, "a", (b"a",), (b"a", (1,), b"", b"", True, True), [], ZeroDivisionError()])
def test_answers_that_are_none_raise(name: str, given: object) -> None:
    """And the emitter goes on after that."""
    exporter, answers = Exporter(), [given]
    usual = dict(zip(["convert", "refuse", "describe"], parts_of(exporter)[-3:], strict=True))[name]

    def answer(number: int, json: bytes) -> Any:
        made = answers.pop() if answers else usual(number, json)
        if isinstance(made, Exception):
            raise made
        return made

    emitter = emitter_of(exporter, **{name: answer})
    piece = fuzz.small("sponsorCollaboratorsModule", leadSponsor={"name": "A", "class": "OTHER"})
    assert emitter_of(exporter)(piece) is not None
    with pytest.raises((TypeError, ZeroDivisionError)):
        emitter(piece)
    assert emitter(piece) == emitter_of(exporter)(piece)


def test_what_is_asked_may_not_run_the_emitter_again() -> None:
    exporter, found = Exporter(), []

    def convert(reader: int, json: bytes) -> bytes | None:
        found.append(emitter(fuzz.SMALL))
        return exporter.emitter._token(reader, json)

    emitter = emitter_of(exporter, convert=convert)
    assert emitter(fuzz.SMALL) == emitter_of(exporter)(fuzz.SMALL)
    assert found
    assert set(found) == {None}


@pytest.mark.parametrize(
    "piece",
    [
        fuzz.small("outcomesModule", primaryOutcomes=[{}] * 100_000),
        fuzz.same_names(1200, 1),
        fuzz.nested(65),
    ],
    ids=["nothing", "names", "deep"],
)
def test_records_that_were_made_to_cost_much_are_handed_on(piece: bytes) -> None:
    assert Exporter(grouped=True).try_json(piece) is None


@pytest.mark.parametrize("count", [1000, 20_000])
def test_long_lists_are_taken(count: int) -> None:
    exporter = Exporter(grouped=True)
    leaves = [{"name": f"Sponsor {i % (count // 2)}", "class": "OTHER"} for i in range(count)]
    sponsors = fuzz.small("sponsorCollaboratorsModule", collaborators=leaves)
    conditions = fuzz.small("conditionsModule", conditions=[f"text {i}" for i in range(count)])
    for piece in (sponsors, conditions):
        found = exporter.try_json(piece)
        assert found is not None
        same(found, exporter(orjson.loads(piece)))


@pytest.mark.parametrize("count", [2, 16, 17, 3000])
def test_lists_that_say_one_thing_twice_are_handed_on(count: int) -> None:
    texts = [f"text {i}" for i in range(count)]
    for i in (0, (count - 1) // 2, count - 2):
        piece = fuzz.small("conditionsModule", conditions=[*texts[:-1], texts[i]])
        assert Exporter(grouped=True).try_json(piece) is None


def test_keys_that_nothing_reads_stay_in_their_objects() -> None:
    outcomes = [{"new": i, "measure": str(i), "other": {"x": i}} for i in range(400)]
    exporter, piece = Exporter(), fuzz.small("outcomesModule", primaryOutcomes=outcomes, other=1)
    found = exporter.try_json(piece)
    assert found is not None
    same(found, exporter(orjson.loads(piece)))


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400, "1e-400", "0.5e10"])
def test_numbers_that_are_too_great_are_not_taken_where_nothing_reads_them(number: str) -> None:
    """The parser that the careful way has refuses such a record."""
    form = fuzz.small("contactsLocationsModule", centralContacts=[{"phone": "NUMBER"}]).decode()
    piece = form.replace('"NUMBER"', number).encode()
    found = Exporter().try_json(piece)
    try:
        record = orjson.loads(piece)
    except ValueError:
        assert found is None
    else:
        if found is not None:
            same(found, Exporter()(record))


def test_no_format_has_a_length_of_its_own() -> None:
    """What ``#`` means was another function up to Python 3.12: built by a later one, the extension would fail there."""
    formats = re.compile(r"(?:Py_BuildValue|PyArg_\w+|PyObject_Call\w+)\([^;]*?\"([^\"]*)\"")
    found = [each for path in SOURCES for each in formats.findall(path.read_text("utf-8"))]
    assert len(found) > 6
    assert not [each for each in found if "#" in each]
