"""CPU time against the size of a record with one long list: ``python benchmarks/cliffs.py studies.zip [--plot FILE]``.

For each list, a small record that has one gets more elements, up to some megabytes. The time per byte must not jump: a
step means that a record of that size leaves the emitter, or that something compares all elements with all.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from kg.export.native import keep_memory
from kg.export.run import export

Record = dict[str, Any]

FORMATS = ("nt", "nq", "ttl", "trig", "parquet", "jsonld", "rdf")
SIZES = (0.25, 0.5, 1, 2, 4, 7, 10)
"""Megabytes of JSON."""
FEW = 2
"""Elements of a list that are not enough to be repeated."""
STEP = 3.0
"""A time per byte that is this many times that of the next smaller size is reported."""
LISTS = {
    "adverse events": "resultsSection.adverseEventsModule.otherEvents",
    "locations": "protocolSection.contactsLocationsModule.locations",
    "planned outcomes": "protocolSection.outcomesModule.secondaryOutcomes",
    "outcome measures": "resultsSection.outcomeMeasuresModule.outcomeMeasures",
    "baseline measures": "resultsSection.baselineCharacteristicsModule.measures",
    "references": "protocolSection.referencesModule.references",
    "secondary ids": "protocolSection.identificationModule.secondaryIdInfos",
    "conditions": "protocolSection.conditionsModule.conditions",
}
NAMES = ("label", "name", "title", "measure", "id")
"""Keys whose texts are different in each copy of an element."""


def at(record: Record, path: str) -> Any:
    """Return the value at a path of keys, ``None`` if there is none."""
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def with_copies(record: Record, path: str, copies: int) -> Record:
    """Return a record in which a list is repeated, with other names in the copies."""
    record = copy.deepcopy(record)
    elements = at(record, path)
    elements += [_renamed(element, i) for i in range(1, copies) for element in [*elements]]
    return record


def _renamed(element: Any, i: int) -> Any:
    if isinstance(element, str):
        return f"{element} {i}"
    return element | {name: f"{element[name]} {i}" for name in NAMES if isinstance(element.get(name), str)}


def with_classes(record: Record, copies: int) -> Record:
    """Return a record whose first outcome measure has many classes."""
    record = copy.deepcopy(record)
    measure = next(item for item in at(record, LISTS["outcome measures"]) if item.get("classes"))
    measure["classes"] = [_renamed(item, i) for i in range(copies) for item in measure["classes"]]
    return record


def with_arms(record: Record, count: int) -> Record:
    """Return a record in which each of ``count`` arms has as many interventions, which name the arms in return."""
    names = [f"Intervention {i}" for i in range(count)]
    arms = [{"label": f"Arm {i}", "interventionNames": [f"Drug: {name}" for name in names]} for i in range(count)]
    labels = [arm["label"] for arm in arms]
    drugs = [{"type": "DRUG", "name": name, "armGroupLabels": labels} for name in names]
    return _with(record, armsInterventionsModule={"armGroups": arms, "interventions": drugs})


def with_synonyms(record: Record, count: int) -> Record:
    """Return a record whose interventions are linked to MeSH terms by one of their names."""
    drugs = [{"type": "DRUG", "name": f"Agent {i}", "otherNames": [f"mesh TERM {i}"]} for i in range(count)]
    terms = [{"id": f"D{100_000 + i}", "term": f"Mesh term {i}"} for i in range(count)]
    module = {"interventionBrowseModule": {"meshes": terms}}
    return _with(record, armsInterventionsModule={"interventions": drugs}) | {"derivedSection": module}


def with_new_key(record: Record, copies: int) -> Record:
    """Return a record in which each adverse event has a key that no shape reads."""
    record = with_copies(record, LISTS["adverse events"], copies)
    for event in at(record, LISTS["adverse events"]):
        event["newKey"] = 1
    return record


def with_addresses(record: Record, copies: int) -> Record:
    """Return a record in which the description of each planned outcome has an e-mail address."""
    record = with_copies(record, LISTS["planned outcomes"], copies)
    for outcome in at(record, LISTS["planned outcomes"]):
        outcome["description"] = "Write to someone@example.org."
    return record


def with_text(record: Record, copies: int) -> Record:
    """Return a record with long eligibility criteria."""
    criteria = "Inclusion Criteria:\n\n" + "* Aged 18 years or older\n" * copies + "\nExclusion Criteria:\n\n* None"
    return _with(record, eligibilityModule={"eligibilityCriteria": criteria})


def _with(record: Record, **modules: Any) -> Record:
    return {"protocolSection": record["protocolSection"] | modules}


def scaled(records: list[Record]) -> dict[str, Callable[[int], Record]]:
    """Return the functions that build a record with a number of copies of one thing."""

    by_size = sorted(records, key=lambda record: len(orjson.dumps(record)))

    def seed(name: str) -> Record:
        return next(record for record in by_size if len(at(record, LISTS[name]) or ()) > FEW)

    small = by_size[0]
    return {
        **{name: partial(with_copies, seed(name), path) for name, path in LISTS.items()},
        "outcome classes": partial(with_classes, seed("outcome measures")),
        "arms x interventions": partial(with_arms, small),
        "synonyms in MeSH": partial(with_synonyms, small),
        "events with a new key": partial(with_new_key, seed("adverse events")),
        "texts with addresses": partial(with_addresses, seed("planned outcomes")),
        "eligibility text": partial(with_text, small),
    }


def of_size(build: Callable[[int], Record], size: int) -> bytes:
    """Return the largest JSON of at most a number of bytes, or the smallest there is."""
    low, high = 1, 2
    while len(orjson.dumps(build(high))) < size:
        low, high = high, high * 2
    while high - low > max(1, low // 8):
        middle = (low + high) // 2
        low, high = (middle, high) if len(orjson.dumps(build(middle))) < size else (low, middle)
    return orjson.dumps(build(low))


def cpu(source: Path, target: Path) -> float:
    """Return the CPU seconds of an export in this process, the lesser of two runs."""
    times = []
    for _ in range(2):
        started = time.process_time()
        report = export([str(source)], str(target))
        times.append(time.process_time() - started)
        assert report.totals.studies == 1, report
    return min(times)


def measure(records: list[Record], folder: Path, formats: list[str]) -> Iterator[tuple[str, str, list[float], int]]:
    """Yield list, format, sizes in MB, and CPU seconds for each."""
    keep_memory()
    source = folder / "record.json"
    for name, build in scaled(records).items():
        for size in SIZES:
            text = of_size(build, int(size * 1e6))
            source.write_bytes(text)
            for extension in formats:
                seconds = cpu(source, folder / f"out.{extension}")
                yield name, extension, [len(text) / 1e6, seconds], len(text)


def plot(rows: dict[tuple[str, str], list[list[float]]], target: str) -> None:
    """Draw CPU time against size, one panel per format."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    formats = list(dict.fromkeys(extension for _, extension in rows))
    columns = min(4, len(formats))
    lines = -(-len(formats) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(4 * columns, 3.6 * lines), squeeze=False, sharex=True)
    colors = plt.get_cmap("tab20").colors
    names = list(dict.fromkeys(name for name, _ in rows))
    for axis in axes.flat[len(formats) :]:
        axis.axis("off")
    for axis, extension in zip(axes.flat, formats, strict=False):
        for i, name in enumerate(names):
            axis.plot(*zip(*rows[name, extension], strict=True), marker=".", color=colors[i], label=name)
        axis.set(xscale="log", yscale="log", title=f".{extension}", xlabel="MB of JSON", ylabel="CPU seconds")
        axis.grid(alpha=0.3)
    figure.tight_layout()
    place = axes.flat[-1] if len(formats) < lines * columns else axes.flat[0]
    place.legend(*axes.flat[0].get_legend_handles_labels(), loc="center", fontsize=8, frameon=False)
    figure.savefig(target, dpi=80, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", metavar="STUDIES.zip")
    parser.add_argument("--formats", nargs="+", default=FORMATS, help="extensions of the output")
    parser.add_argument("--plot", metavar="FILE", help="also draw the times (needs matplotlib)")
    options = parser.parse_args()
    with zipfile.ZipFile(options.source) as archive:
        records = [orjson.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")]
    rows: dict[tuple[str, str], list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, extension, (size, seconds), length in measure(records, Path(folder), options.formats):
            points = rows.setdefault((name, extension), [])
            rate = seconds / length
            step = bool(points) and rate > STEP * points[-1][1] / points[-1][0] / 1e6
            if points and size == points[-1][0]:
                continue
            points.append([size, seconds])
            figures = f"{size:>6.2f} MB{seconds:>8.3f} s{rate * 1e9:>7.0f} ns/B"
            print(f"{name:<24}{extension:<9}{figures}{'  STEP' * step}")
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
