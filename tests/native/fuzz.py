"""Records and lines that were made to do harm, for the extension: ``python -m tests.fuzz FOLDER SEED COUNT [same]``.

It takes the extension from a folder, as one that is built to watch its memory; with ``same`` it also looks whether both
ways say the same of what both take.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from typing import Any

import orjson

import kg

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


def small(module: str, **keys: Any) -> bytes:
    """A small record with some keys in a module, or in a place of it."""
    record = json.loads(SMALL)
    record["protocolSection"].setdefault(module, {}).update(keys)
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def nested(depth: int, opened: str = '{"a":', close: str = "}") -> bytes:
    inner = opened * depth + "1" + close * depth
    return b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001"},"new":%b}}' % inner.encode()


def same_names(count: int, names: int) -> bytes:
    """Arms that refer to interventions of few names, which refer back to all of them."""
    labels = [f"arm {i}" for i in range(count)]
    arms = [{"label": label, "interventionNames": [f"Drug: {i}" for i in range(names)]} for label in labels]
    drugs = [{"type": "DRUG", "name": str(i % names), "armGroupLabels": labels} for i in range(count)]
    return small("armsInterventionsModule", armGroups=arms, interventions=drugs)


def large() -> Iterator[bytes]:
    """Records with very much of one thing."""
    for depth in (10, 60, 62, 63, 64, 65, 1000, 100_000):
        yield nested(depth)
        yield nested(depth, "[", "]")
        yield nested(depth, "[", "")
    for count in (1, 999, 1001, 5000):
        texts = [f"text {i}" for i in range(count)]
        yield small("conditionsModule", conditions=texts, keywords=texts)
        yield small("conditionsModule", conditions=["same"] * count)
        yield small("designModule", **dict.fromkeys(texts, 1))
        yield small("designModule", phases=["PHASE2"] * count, enrollmentInfo={"count": 10 ** min(count, 4000)})
        yield small("sponsorCollaboratorsModule", collaborators=[{"name": text} for text in texts])
        yield small("outcomesModule", primaryOutcomes=[{}] * 20 * count)
        yield small("outcomesModule", primaryOutcomes=[{"measure": text, text: {}} for text in texts])
        yield small("identificationModule", nctId="NCT" + "1" * 100 * count, briefTitle="x" * 100 * count)
        yield small("statusModule", statusVerifiedDate="2" * count, startDateStruct={"date": "y" * 300 * count})
    for count, names in ((3, 1), (30, 2), (200, 200), (400, 1), (1001, 1)):
        yield same_names(count, names)


def cut() -> Iterator[bytes]:
    """A small record that ends, or has another byte, at each of its bytes."""
    for i in range(len(SMALL)):
        yield SMALL[:i]
        yield SMALL[:i] + SMALL[i + 1 :]
        for byte in (b"\0", b"\xff", b"\xf4", b"\xe2\x89", b"\\", b'"', b"{", b"]"):
            yield SMALL[:i] + byte + SMALL[i + 1 :]


def any_record(choice: random.Random) -> bytes:
    from tests.conftest import STUDIES
    from tests.export.test_any_record import Maker
    from tests.export.test_native import mutated

    pick = choice.random()
    piece = STUDIES[choice.randrange(len(STUDIES))].read_bytes() if pick < 0.4 else SMALL
    if pick > 0.7:
        piece = orjson.dumps(Maker(choice.randrange(10**9), choice.choice([0, 0.01, 0.2])).record())
    for _ in range(choice.randrange(4)):
        piece = mutated(piece, choice) if b":" in piece else SMALL
    return piece


def other_lines(lines: bytes, choice: random.Random) -> bytes:
    """Lines of N-Quads with something of them changed, or cut off."""
    changed = bytearray(lines)
    for _ in range(choice.randrange(1, 4)):
        at = choice.randrange(len(changed) + 1)
        changed[at : at + choice.randrange(3)] = bytes(choice.choices(b'<>"\\@^ .\n\0u:ax\xc3', k=choice.randrange(3)))
    return bytes(changed if choice.random() < 0.9 else changed[: choice.randrange(len(changed) + 1)])


def check(exporter: Any, piece: bytes, *, both: bool) -> bool:
    """Whether a record is taken."""
    from tests.export.test_native import same

    found = exporter.try_json(piece)
    if found is not None and both:
        same(found, exporter(orjson.loads(piece)))
    return found is not None


def main(folder: str, seed: int, count: int, *, both: bool) -> None:
    kg.__path__.insert(0, folder)
    import kg._emitter as extension
    from kg.export.exporter import Exporter

    assert str(extension.__file__).startswith(folder)
    exporters = [Exporter(grouped=True), Exporter(contacts=True)]
    choice, taken = random.Random(seed), 0
    for pieces in (large(), cut(), (any_record(choice) for _ in range(count))):
        for piece in pieces:
            taken += sum(check(exporter, piece, both=both) for exporter in exporters)
    lines = [line for line in Exporter(graphs=True).from_json(SMALL).data.splitlines(keepends=True) if b'"' in line]
    for _ in range(10 * count):
        extension.columns(other_lines(b"".join(choice.sample(lines, 2)), choice))
    print(taken)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), both="same" in sys.argv[4:])
