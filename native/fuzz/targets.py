"""The fuzz targets. A target builds an input from random numbers and checks the behavior of the extension on it.

It returns whether the extension handled the input itself; a failed check raises ``AssertionError``.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import orjson

from kg.export.exporter import Exported, Exporter
from kg.export.native import native
from kg.mapping.datatypes import SAMPLES
from kg.rdf.parquet import rows
from native.fuzz.inputs import SMALL, STUDIES, any_text, other_lines, random_record, small, with_other_values

Run = Callable[[random.Random], bool]

ARGUMENTS = ("types", "programs", "readers", "words", "facts", "convert", "fallback", "describe")


def arguments(exporter: Exporter) -> dict[str, Any]:
    """Return the arguments that an exporter passes to the extension, by name."""
    programs, emitter = exporter.emitter.programs, exporter.emitter
    facts = tuple(map(programs.path, exporter.headers.paths))
    plan = (programs.types, tuple(programs.programs), tuple(programs.spellings), programs.words, facts)
    return dict(zip(ARGUMENTS, (*plan, emitter._token, emitter._text, emitter._resource), strict=True))


def emitter_of(exporter: Exporter, **other: Any) -> Any:
    """Return the extension's emitter for an exporter, with other values for some of the arguments."""
    extension = native()
    assert extension is not None
    return extension(*(arguments(exporter) | other).values())


def facts(exported: Exported) -> tuple[object, ...]:
    """Return all of an export but its bytes."""
    unmapped = exported.unmapped
    numbers = (exported.study, exported.version, exported.version_holder, exported.triples, exported.withheld)
    numbers += (exported.masked,)
    return (*numbers, unmapped.kept, unmapped.paths, [error.as_dict() for error in exported.errors])


def assert_same(one: Exported, other: Exported) -> None:
    """Check that two exports of a record agree."""
    assert one.data == other.data
    assert facts(one) == facts(other)


def record() -> Run:
    """``Emitter.__call__`` on a text: any record, and much that is none."""
    exporters = [Exporter(grouped=True), Exporter(graphs=True, contacts=True)]

    def run(choice: random.Random) -> bool:
        text, emitted = any_text(choice), None
        for exporter in exporters:
            with suppress(ValueError):  # of the JSON parser in Python, which normalizes escapes
                emitted = exporter.emitter(text)
        return emitted is not None

    return run


def offset() -> Run:
    """``Emitter.__call__`` at an offset of a text with several records: the same result as for that record alone."""
    exporter = Exporter()
    emitter = emitter_of(exporter)

    def run(choice: random.Random) -> bool:
        texts = [random_record(choice) for _ in range(choice.randrange(1, 4))]
        gaps = [choice.choice([b"", b" ", b"\n\n", b",", b"\0"]) for _ in texts]
        text = b"".join(part for pair in zip(texts, gaps, strict=True) for part in pair)
        starts = [0, len(texts[0]), len(texts[0] + gaps[0]), choice.randrange(-2, len(text) + 3), len(text)]
        at = choice.choice(starts)
        try:
            emitted = emitter(text, at)
        except ValueError:  # an e-mail address that the caller masks first
            return False
        if emitted is None:
            return False
        alone = emitter(text[at : emitted[1]])
        assert at < emitted[1] <= len(text)
        assert alone is not None
        assert (alone[0], alone[1] + at, *alone[2:]) == emitted
        return True

    return run


def forms() -> Run:
    """The recognizers of value forms: tokens that the extension spells are those that Python converts."""
    exporter = Exporter(contacts=True)
    readers = arguments(exporter)["readers"]
    spelling, converting = emitter_of(exporter), emitter_of(exporter, readers=((),) * len(readers))
    samples = [value for value, _ in SAMPLES.values()]

    def run(choice: random.Random) -> bool:
        text = with_other_values(choice.choice(STUDIES).read_bytes(), choice, samples)
        try:
            emitted = spelling(text)
        except ValueError:  # of the JSON parser in Python
            return False
        if emitted is None:
            return False
        with suppress(ValueError):
            assert converting(text) == emitted
        return True

    return run


def columns() -> Run:
    """``columns`` on lines of N-Quads: the rows that Python splits them into."""
    from kg._emitter import columns as split

    lines = [line for line in Exporter(graphs=True).from_json(SMALL).data.splitlines(keepends=True) if b'"' in line]

    def column(validity: bytes, offsets: bytes, text: bytes) -> list[str | None]:
        at = [int.from_bytes(offsets[i : i + 4], "little") for i in range(0, len(offsets), 4)]
        values = [text[i:j].decode() for i, j in pairwise(at)]
        return [value if validity[i // 8] >> i % 8 & 1 else None for i, value in enumerate(values)]

    def run(choice: random.Random) -> bool:
        text = b"".join(choice.sample(lines, choice.randrange(3)))
        text = other_lines(text, choice) if choice.random() < 0.9 else text
        buffers = split(text)
        with suppress(ValueError):  # Python rejects more: invalid UTF-8, for instance
            expected = [*rows(text)]
            if buffers is not None:
                actual = [*zip(*(column(*parts) for parts in buffers), strict=True)]
                assert actual == expected
        return buffers is not None

    return run


def plan() -> Run:
    """``Emitter.__new__`` on a plan with one item replaced: an exception, or an emitter that is not run."""
    extension, original = native(), arguments(Exporter())
    assert extension is not None
    values = [-1, -2, 0, 1, 15, 16, 63, 2**31, 2**70, None, "a", b"a", (), ((),), (b"", 0, 0), 1.5]

    def replaced(item: Any, choice: random.Random) -> Any:
        if not isinstance(item, tuple) or not item or choice.random() < 0.1:
            return choice.choice(values)
        i = choice.randrange(len(item))
        return (*item[:i], replaced(item[i], choice), *item[i + 1 :])

    def run(choice: random.Random) -> bool:
        name = choice.choice(ARGUMENTS[:5])
        with suppress(TypeError, ValueError, IndexError, OverflowError, SystemError):
            extension(*(original | {name: replaced(original[name], choice)}).values())
            return True
        return False

    return run


def callables() -> Run:
    """The callables that the extension calls: results of other types and exceptions end the call, and nothing else."""
    exporter = Exporter()
    results = [1, "a", b"a", None, (b"a", (1,), b"", b"", True), (b"a", b"b", b"c", b"d", True), ZeroDivisionError()]
    text = small("sponsorCollaboratorsModule", leadSponsor={"name": "A", "class": "OTHER"})

    def run(choice: random.Random) -> bool:
        def unreliable(function: Callable[[int, bytes], Any]) -> Callable[[int, bytes], Any]:
            def call(number: int, json: bytes) -> Any:
                if choice.random() < 0.9:
                    return function(number, json)
                result = choice.choice(results)
                if isinstance(result, Exception):
                    raise result
                return result

            return call

        functions = {name: unreliable(arguments(exporter)[name]) for name in ARGUMENTS[5:]}
        emitter, handled = emitter_of(exporter, **functions), False
        for _ in range(3):
            with suppress(TypeError, ZeroDivisionError):
                handled |= emitter(text) is not None
        return handled

    return run


def interpreter() -> Run:
    """The extension and the reference interpreter (``kg/export/interpreter.py``): the same bytes and errors."""
    exporters = [
        Exporter(),
        Exporter(grouped=True),
        Exporter(graphs=True, contacts=True),
        Exporter(grouped=True, graphs=True, base="https://example.org/kg/"),
    ]

    def run(choice: random.Random) -> bool:
        text, exporter = any_text(choice), choice.choice(exporters)
        exported = exporter.try_json(text)
        if exported is not None:
            assert_same(exported, exporter(orjson.loads(text)))
        return exported is not None

    return run


TARGETS: dict[str, Callable[[], Run]] = {
    target.__name__: target for target in (record, offset, forms, columns, plan, callables, interpreter)
}
