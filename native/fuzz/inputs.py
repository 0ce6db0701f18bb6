"""Inputs for the fuzz targets: small records, records built to be expensive, and mutations of real ones."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import orjson

STUDIES = sorted((Path(__file__).parents[2] / "tests" / "data" / "studies").glob("*.json"))

SMALL = json.dumps(
    {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT00000001", "briefTitle": 'a "title" \\\n≥ 日 😀'},
            "statusModule": {"startDateStruct": {"date": "2015-02-29"}},
            "conditionsModule": {"conditions": ["a", "b"], "keywords": []},
            "designModule": {"phases": ["PHASE2"], "enrollmentInfo": {"count": -1.5e3}, "new": [1, {"a": None}]},
            "armsInterventionsModule": {
                "armGroups": [{"label": "A", "interventionNames": ["Drug: B"]}, {}],
                "interventions": [{"type": "DRUG", "name": "B", "armGroupLabels": ["A"]}],
            },
        }
    },
    ensure_ascii=False,
).encode()


def small(module: str, **members: Any) -> bytes:
    """Return a small record with more members in one of its modules."""
    record = json.loads(SMALL)
    record["protocolSection"].setdefault(module, {}).update(members)
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> bytes:
    """Return a record with a deeply nested value."""
    value = opening * depth + "1" + closing * depth
    return b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001"},"new":%b}}' % value.encode()


def cross_references(count: int, names: int) -> bytes:
    """Return a record with arms that refer to interventions of few names, all of which refer back to all arms."""
    labels = [f"arm {i}" for i in range(count)]
    arms = [{"label": label, "interventionNames": [f"Drug: {i}" for i in range(names)]} for label in labels]
    drugs = [{"type": "DRUG", "name": str(i % names), "armGroupLabels": labels} for i in range(count)]
    return small("armsInterventionsModule", armGroups=arms, interventions=drugs)


def links(count: int, names: int) -> bytes:
    """Return a record whose interventions have names of MeSH terms, and whose references have few DOIs."""
    terms = [{"id": f"D{100_000 + i}", "term": f"Term {i % names}"} for i in range(count)]
    record = json.loads(SMALL)
    protocol = record["protocolSection"]
    drugs = [{"type": "DRUG", "name": f"TERM {i}", "otherNames": [f"term {i + 1}", "Term 0"]} for i in range(count)]
    protocol["armsInterventionsModule"] = {"interventions": drugs}
    protocol["referencesModule"] = {"references": [{"citation": f"doi: 10.1/{i % names}"} for i in range(count)]}
    protocol["identificationModule"]["secondaryIdInfos"] = [{"id": f"U1111-1{i % names:03}-1111"} for i in range(count)]
    record["derivedSection"] = {"interventionBrowseModule": {"meshes": terms}}
    return json.dumps(record).encode()


def long_lists(count: int) -> list[Callable[[], bytes]]:
    """Return builders of records in which one thing is long or frequent."""
    texts = [f"text {i}" for i in range(count)]
    return [
        partial(small, "conditionsModule", conditions=texts, keywords=texts),
        partial(small, "conditionsModule", conditions=["same"] * count),
        partial(small, "designModule", **dict.fromkeys(texts, 1)),
        partial(small, "designModule", phases=["PHASE2"] * count, enrollmentInfo={"count": 10 ** min(count, 4000)}),
        partial(small, "sponsorCollaboratorsModule", collaborators=[{"name": text} for text in texts]),
        partial(small, "outcomesModule", primaryOutcomes=[{}] * 20 * count),
        partial(small, "outcomesModule", primaryOutcomes=[{"measure": text, text: {}} for text in texts]),
        partial(small, "outcomesModule", primaryOutcomes=[{"measure": "a", "new": 1, "b": [2]}] * count, new=[{}]),
        partial(small, "identificationModule", nctId="NCT" + "1" * 100 * count, briefTitle="x" * 100 * count),
        partial(small, "statusModule", statusVerifiedDate="2" * count, startDateStruct={"date": "y" * 300 * count}),
    ]


EXPENSIVE: list[Callable[[], bytes]] = [
    *(partial(nested, depth) for depth in (10, 60, 62, 63, 64, 65, 1000, 100_000)),
    *(partial(nested, depth, "[", "]") for depth in (62, 63, 64, 65, 100_000)),
    *(partial(nested, depth, "[", "") for depth in (10, 64, 100_000)),
    *(builder for count in (1, 999, 1001, 5000) for builder in long_lists(count)),
    *(partial(links, *sizes) for sizes in ((1, 1), (8, 8), (9, 3), (30, 30), (300, 290))),
    *(partial(cross_references, *sizes) for sizes in ((3, 1), (30, 2), (200, 200), (400, 1), (1001, 1))),
]


def with_another_byte(choice: random.Random) -> bytes:
    """Return the small record with a byte replaced or removed, or truncated there."""
    i = choice.randrange(len(SMALL))
    byte = choice.choice([b"", b"\0", b"\xff", b"\xf4", b"\xe2\x89", b"\\", b'"', b"{", b"]"])
    return SMALL[:i] if choice.random() < 0.1 else SMALL[:i] + byte + SMALL[i + 1 :]


def mutated(text: bytes, choice: random.Random) -> bytes:
    """Return JSON with something removed, repeated, exchanged or replaced."""
    a, b = sorted(choice.randrange(len(text)) for _ in range(2))
    tokens = [*re.finditer(rb'"[^"\\]*"|-?[0-9.]+|[{}\[\],:]', text)]
    one, other = choice.choice(tokens), choice.choice(tokens)
    value = choice.choice([b"{}", b"[]", b"null", b'""', b"1e999", b'"\\n\xc3\xa9"', b'"\\na.b@c.example"', b'"a@b"'])
    variants = [
        text[:a] + bytes([choice.randrange(256)]) + text[a + 1 :],
        text[:a],
        text[:a] + text[min(b, a + 40) :],
        text[: one.start()] + other[0] + text[one.end() :],
        text[: one.start()] + value + text[one.end() :],
        text[: one.end()] + text[one.start() :],
        text[:a] + re.sub(rb'("\w+":\s*)("[^"\\]*"|-?\d+)', rb"\g<0>,\g<0>", text[a:], count=1),
    ]
    return choice.choice(variants)


def _lists(value: Any) -> Iterator[list[Any]]:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, list) and value:
        yield value
    for item in below:
        yield from _lists(item)


def with_a_longer_list(choice: random.Random) -> bytes:
    """Return a real record in which the elements of a list are repeated, some of them with another text."""
    record = orjson.loads(choice.choice(STUDIES).read_bytes())
    for _ in range(choice.randrange(1, 3)):
        chosen = choice.choice([*_lists(record)])
        first, key = chosen[0], choice.choice([*(chosen[0] if isinstance(chosen[0], dict) else [""])])
        for i in range(choice.choice([1, 7, 8, 9, 40, 400])):
            is_text = isinstance(first, str) or isinstance(first.get(key), str)
            other = f"{first if isinstance(first, str) else first[key]} {i}" if is_text else i
            chosen.append({**first, key: other} if isinstance(first, dict) else other)
    return orjson.dumps(record)


def random_record(choice: random.Random) -> bytes:
    """Return a real record, a small one or a random one, with up to three mutations."""
    from tests.export.test_any_record import Generator

    source = choice.random()
    text = choice.choice(STUDIES).read_bytes() if source < 0.4 else SMALL
    if source > 0.7:
        text = orjson.dumps(Generator(choice.randrange(10**9), choice.choice([0, 0.01, 0.2])).record())
    for _ in range(choice.randrange(4)):
        text = mutated(text, choice) if b":" in text else SMALL
    return text


def any_text(choice: random.Random) -> bytes:
    """Return the text of a record, or of something close to one."""
    kind = choice.random()
    if kind < 0.05:
        return choice.choice(EXPENSIVE)()
    if kind < 0.15:
        return with_a_longer_list(choice)
    return with_another_byte(choice) if kind < 0.5 else random_record(choice)


def with_other_characters(json: bytes, choice: random.Random) -> bytes:
    """Return JSON with some digits exchanged, and sometimes other characters inserted or removed."""
    for _ in range(choice.choice([0, 1, 1, 2, 3])):
        kind = choice.random()
        pattern = rb"(?<=-)\d\d" if kind < 0.4 else rb"\d" if kind < 0.8 else rb".?"
        places = [*re.finditer(pattern, json)] or [*re.finditer(rb".?", json)]
        others = [b"00", b"02", b"04", b"12", b"13", b"28", b"29", b"30", b"31", b"32"] if kind < 0.4 else []
        others = others or [bytes([byte]) for byte in (b"0123459" if kind < 0.8 else b"0123459-:.TZeE+ ")]
        place = choice.choice(places)
        changed = json[: place.start()] + choice.choice(others) + json[place.end() :]
        with suppress(ValueError):
            orjson.loads(changed)
            json = changed
    return json


def with_other_values(text: bytes, choice: random.Random, samples: list[Any]) -> bytes:
    """Return a record with some of its numbers, dates and points changed, or replaced by values of another form."""
    values = [*re.finditer(rb'(?<=[^\\]":)\s*("-?\d[^"\\]*"|-?[0-9.]+|\{\s*"lat":[^}]*\})', text)]
    for value in sorted(choice.sample(values, choice.randrange(len(values) // 2)), key=re.Match.start, reverse=True):
        json = value[1] if choice.random() < 0.9 else orjson.dumps(choice.choice(samples))
        json = re.sub(rb"\s+", b"", json) if json[:1] == b"{" else json
        text = text[: value.start()] + with_other_characters(json, choice) + text[value.end() :]
    return text


def other_lines(lines: bytes, choice: random.Random) -> bytes:
    """Return lines of N-Quads with some bytes changed, or truncated."""
    changed = bytearray(lines)
    for _ in range(choice.randrange(1, 4)):
        at = choice.randrange(len(changed) + 1)
        changed[at : at + choice.randrange(3)] = bytes(choice.choices(b'<>"\\@^ .\n\0u:ax\xc3', k=choice.randrange(3)))
    return bytes(changed if choice.random() < 0.9 else changed[: choice.randrange(len(changed) + 1)])
