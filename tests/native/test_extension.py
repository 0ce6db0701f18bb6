"""The C extension by itself: memory, limits, plans and callables; the fuzz targets run briefly."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from kg.export.exporter import Exporter
from kg.export.native import native
from native.fuzz import sanitizers
from native.fuzz.inputs import SMALL, STUDIES, cross_references, nested, small
from native.fuzz.targets import ARGUMENTS, arguments, assert_same, emitter_of

TOP = Path(__file__).parents[2]
FILES = sorted((TOP / "native").glob("*.[ch]"))

pytestmark = pytest.mark.skipif(
    native() is None and not os.environ.get("KG_CI"), reason="the extension was not built: there was no C compiler"
)

needs_sanitizers = pytest.mark.skipif(
    not sanitizers.available() and not os.environ.get("KG_CI"), reason="gcc or its sanitizers are not installed"
)


@needs_sanitizers
def test_fuzz_targets_with_sanitizers() -> None:
    command = [sys.executable, "-m", "native.fuzz", "all", "--runs", "120"]
    run = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-5000:]
    handled = dict(re.findall(r"^(\w+): 120 runs, (\d+) handled", run.stdout, re.MULTILINE))
    assert all(int(count) > 5 for count in handled.values()), handled


@pytest.mark.parametrize("target", ["forms", "interpreter"])
def test_fuzz_targets_that_compare_results(target: str) -> None:
    command = [sys.executable, "-m", "native.fuzz", target, "--runs", "1000", "--seed", "2", "--plain"]
    run = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-5000:]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_files_in_c_are_small(file: Path) -> None:
    text = file.read_text("utf-8")
    assert text.count("\n") <= 400
    assert max(map(len, text.splitlines())) <= 120


def test_the_readme_lists_every_file() -> None:
    readme = (TOP / "native" / "README.md").read_text("utf-8")
    rows = [row.split("|")[1] for row in readme.splitlines() if row.startswith("| `")]
    listed = [name for row in rows for name in re.findall(r"`([\w.]+)`", row)]
    files = [*FILES, *(TOP / "native" / "fuzz").glob("*.py")]
    assert sorted(listed) == sorted({path.name for path in files} | {"_emitter.pyi", "compiler.py", "native.py"})


@pytest.mark.parametrize("file", [*FILES, TOP / "native" / "README.md"], ids=lambda path: path.name)
def test_python_files_that_are_named_in_c_exist(file: Path) -> None:
    names = re.findall(r"\b(?:kg|tests|tools)/[\w/]+\.pyi?", file.read_text("utf-8"))
    assert [name for name in names if not (TOP / name).exists()] == []


def test_formats_have_no_length() -> None:
    """The ABI of ``#`` in formats changed with Python 3.13: a later build would fail on an earlier version."""
    pattern = re.compile(r"(?:Py_BuildValue|PyArg_\w+|PyObject_Call\w+)\([^;]*?\"([^\"]*)\"")
    formats = [match for path in FILES for match in pattern.findall(path.read_text("utf-8"))]
    assert len(formats) > 6
    assert not [text for text in formats if "#" in text]


# Memory


def memory_after(work: Callable[[], object]) -> tuple[int, int]:
    """Return the number of memory blocks and of bytes that Python has allocated after some work."""
    work()
    gc.collect()
    return sys.getallocatedblocks(), tracemalloc.get_traced_memory()[0]


def test_records_leave_no_memory_behind() -> None:
    exporter = Exporter(grouped=True)
    texts = [*(path.read_bytes() for path in STUDIES), SMALL, cross_references(60, 2), b"{", SMALL[:-9]]
    texts += [small("conditionsModule", conditions=[1]), small("statusModule", startDateStruct={"date": "x"})]

    def export() -> None:
        for text in texts:
            exporter.try_json(text)

    tracemalloc.start()
    try:
        for _ in range(3):
            export()
        before = memory_after(export)
        for _ in range(30):
            export()
        after = memory_after(export)
    finally:
        tracemalloc.stop()
    assert after[0] - before[0] < 100
    assert after[1] - before[1] < 10_000


def test_emitters_are_freed() -> None:
    exporter = Exporter(grouped=True)

    def build() -> None:
        for _ in range(20):
            emitter = emitter_of(exporter)
            emitter(STUDIES[0].read_bytes())
            del emitter

    tracemalloc.start()
    try:
        build()
        before = memory_after(build)
        after = memory_after(build)
    finally:
        tracemalloc.stop()
    assert after[1] - before[1] < 10_000


# Plans

OP = (2, -1, 0, 0, -1, -1, False, False, b"", b"", b"", b"", b"", b"", 0, -1, (), (), False, ())


def program(place: int, value: object) -> tuple[object, ...]:
    """Return a program with one operation, in which one operand is replaced."""
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
        ("programs", (program(0, 16),)),
        ("programs", (program(0, -1),)),
        ("programs", (program(1, -2),)),
        ("programs", (program(1, 2**31),)),
        ("programs", (program(1, 2**70),)),
        ("programs", (program(4, 16),)),
        ("programs", (program(8, None),)),
        ("programs", (program(15, 1),)),
        ("programs", (program(16, ((b"", 0, 10**6),)),)),
        ("programs", (program(17, (-1,)),)),
        ("programs", ((OP[:12],),)),
        ("programs", (program(0, 0),)),
        ("programs", (((0, 0, *OP[2:15], 0, (), ()),),)),
        ("programs", (((3, 0, 0, 10**6, *OP[4:]),),)),
        ("readers", ((b"a",),)),
        ("readers", (b"a",)),
        ("words", (b"a",) * 11),
        ("facts", ((0,), (0,))),
    ],
)
def test_invalid_plans_are_rejected(part: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError, IndexError, OverflowError, SystemError)):
        emitter_of(Exporter(), **{part: value})


def test_slots_that_a_type_does_not_have_are_not_read() -> None:
    assert emitter_of(Exporter(), programs=(program(1, 10**6),))(SMALL) is None


# Callables


@pytest.mark.parametrize("name", ARGUMENTS[5:])
@pytest.mark.parametrize("result", [1, "a", (b"a",), (b"a", (1,), b"", b"", True, True), [], ZeroDivisionError()])
def test_invalid_results_of_callables_raise(name: str, result: object) -> None:
    """The emitter works as before after that."""
    exporter, results = Exporter(), [result]
    original = arguments(exporter)[name]

    def callable_with_one_invalid_result(number: int, json: bytes) -> Any:
        value = results.pop() if results else original(number, json)
        if isinstance(value, Exception):
            raise value
        return value

    emitter = emitter_of(exporter, **{name: callable_with_one_invalid_result})
    text = small("sponsorCollaboratorsModule", leadSponsor={"name": "A", "class": "OTHER"})
    assert emitter_of(exporter)(text) is not None
    with pytest.raises((TypeError, ZeroDivisionError)):
        emitter(text)
    assert emitter(text) == emitter_of(exporter)(text)


def test_a_callable_cannot_reenter_its_emitter() -> None:
    exporter, results = Exporter(), []

    def convert(reader: int, json: bytes) -> bytes | None:
        results.append(emitter(SMALL))
        return exporter.emitter._token(reader, json)

    emitter = emitter_of(exporter, convert=convert)
    assert emitter(SMALL) == emitter_of(exporter)(SMALL)
    assert results
    assert set(results) == {None}


# Limits


@pytest.mark.parametrize(
    "text",
    [small("outcomesModule", primaryOutcomes=[{}] * 100_000), cross_references(1200, 1), nested(65)],
    ids=["empty objects", "names", "depth"],
)
def test_expensive_records_are_left_to_the_interpreter(text: bytes) -> None:
    assert Exporter(grouped=True).try_json(text) is None


@pytest.mark.parametrize("count", [1000, 20_000])
def test_long_lists_are_exported(count: int) -> None:
    exporter = Exporter(grouped=True)
    leaves = [{"name": f"Sponsor {i % (count // 2)}", "class": "OTHER"} for i in range(count)]
    sponsors = small("sponsorCollaboratorsModule", collaborators=leaves)
    conditions = small("conditionsModule", conditions=[f"text {i}" for i in range(count)])
    for text in (sponsors, conditions):
        exported = exporter.try_json(text)
        assert exported is not None
        assert_same(exported, exporter(orjson.loads(text)))


@pytest.mark.parametrize("count", [2, 16, 17, 3000])
def test_lists_with_duplicates_are_left_to_the_interpreter(count: int) -> None:
    texts = [f"text {i}" for i in range(count)]
    for i in (0, (count - 1) // 2, count - 2):
        text = small("conditionsModule", conditions=[*texts[:-1], texts[i]])
        assert Exporter(grouped=True).try_json(text) is None


def test_unmapped_keys_stay_in_their_objects() -> None:
    outcomes = [{"new": i, "measure": str(i), "other": {"x": i}} for i in range(400)]
    exporter, text = Exporter(), small("outcomesModule", primaryOutcomes=outcomes, other=1)
    exported = exporter.try_json(text)
    assert exported is not None
    assert_same(exported, exporter(orjson.loads(text)))


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400, "1e-400", "0.5e10"])
def test_numbers_out_of_range_are_rejected_in_values_that_are_not_read(number: str) -> None:
    """The JSON parser of the interpreter rejects such a record."""
    template = small("contactsLocationsModule", centralContacts=[{"phone": "NUMBER"}]).decode()
    text = template.replace('"NUMBER"', number).encode()
    exported = Exporter().try_json(text)
    try:
        record = orjson.loads(text)
    except ValueError:
        assert exported is None
    else:
        if exported is not None:
            assert_same(exported, Exporter()(record))
