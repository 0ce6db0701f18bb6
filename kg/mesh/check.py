"""Records held against the tree of MeSH: where the ancestors that they list are not those of their terms.

A record lists its terms and, in one flat list, the headings above any of them that are not terms themselves. So the
list should be all that stands above the terms, less the terms. The registry does not keep to that: it leaves some
branches out, and of drugs it lists the pharmacological actions, which stand above them in no tree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from kg._types import Reject
from kg.errors import RecordError
from kg.mapping.derived import mesh_id
from kg.mapping.json_tree import at
from kg.mesh.heading import Tree
from kg.records.reader import Record

MODULES = {"condition": "conditionBrowseModule", "intervention": "interventionBrowseModule"}
KINDS = {
    "unknown": "a term that the tree does not have",
    "label": "a name that is another one in the tree",
    "missing": "a heading above a term that the record does not list",
    "extra": "a listed ancestor that is above no term",
    "action": "a listed ancestor that is a pharmacological action of a term",
}
"""What is told -> what it means; an ``action`` is told, but is no disagreement."""


@dataclass(frozen=True, slots=True, order=True)
class Disagreement:
    """One heading that is not as the tree has it, in the conditions or the interventions of some studies."""

    kind: str
    of: str
    id: str
    said: str
    """The name in the record; of a missing ancestor that in the tree."""


@dataclass(slots=True)
class Check:
    """Records held against a tree: how many agree, and each disagreement with the studies that show it."""

    tree: Tree
    studies: int = 0
    lists: Counter[str] = field(default_factory=Counter)
    """Lists of terms with their ancestors, of conditions and of interventions."""
    agreeing: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    """Lists whose terms the tree has all, so that extra ancestors can be told."""
    found: dict[Disagreement, list[str]] = field(default_factory=dict)
    _above: dict[frozenset[str], tuple[set[str], set[str]]] = field(default_factory=dict, repr=False)

    @property
    def agrees(self) -> bool:
        """Whether nothing disagrees."""
        return all(one.kind == "action" for one in self.found)

    def take(self, study: str, record: dict[str, Any]) -> None:
        """Holds one record against the tree."""
        self.studies += 1
        derived = record.get("derivedSection")
        for of, module in MODULES.items():
            held = derived.get(module) if isinstance(derived, dict) else None
            if isinstance(held, dict) and (held.get("meshes") or held.get("ancestors")):
                self._judge(study, of, dict(_terms(held.get("meshes"))), dict(_terms(held.get("ancestors"))))

    def _judge(self, study: str, of: str, terms: dict[str, str], listed: dict[str, str]) -> None:
        self.lists[of] += 1
        before = self._told
        for id_, name in (terms | listed).items():
            if id_ not in self.tree:
                self._tell(Disagreement("unknown", of, id_, name), study)
            elif self.tree[id_].label != name and not id_.startswith("C"):  # records capitalize those as they like
                self._tell(Disagreement("label", of, id_, name), study)
        self._compare(study, of, set(terms), listed)
        self.agreeing[of] += self._told == before

    def _compare(self, study: str, of: str, terms: set[str], listed: dict[str, str]) -> None:
        above, acting = self._around(frozenset(terms))
        for id_ in sorted(above - terms - listed.keys()):
            self._tell(Disagreement("missing", of, id_, self.tree[id_].label if id_ in self.tree else ""), study)
        if not all(id_ in self.tree for id_ in terms):
            return
        self.judged[of] += 1
        for id_ in sorted((listed.keys() & self.tree.keys()) - above):
            kind = "action" if id_ in acting else "extra"
            self._tell(Disagreement(kind, of, id_, listed[id_]), study)

    def _around(self, terms: frozenset[str]) -> tuple[set[str], set[str]]:
        if terms not in self._above:
            self._above[terms] = self.tree.above(terms), self.tree.acting(terms)
        return self._above[terms]

    def _tell(self, one: Disagreement, study: str) -> None:
        self.found.setdefault(one, []).append(study)

    @property
    def _told(self) -> int:
        return sum(len(studies) for one, studies in self.found.items() if one.kind != "action")

    def ranked(self) -> list[tuple[Disagreement, list[str]]]:
        """The disagreements, those of most studies first within each kind."""
        order = list(KINDS)
        return sorted(self.found.items(), key=lambda pair: (order.index(pair[0].kind), -len(pair[1]), pair[0]))

    def summary(self) -> str:
        """The run in one sentence."""
        said = ", ".join(f"{self.agreeing[of]:,} of {self.lists[of]:,} lists of {of}s agree" for of in MODULES)
        return f"MeSH: {self.studies:,} studies, {said}."

    def counts(self) -> dict[str, dict[str, int]]:
        """For each kind the headings and the studies that show it."""
        return {
            kind: {
                "headings": len({one.id for one in self.found if one.kind == kind}),
                "studies": len({study for one, ids in self.found.items() if one.kind == kind for study in ids}),
            }
            for kind in KINDS
        }


def _terms(listed: object) -> Iterator[tuple[str, str]]:
    for term in listed if isinstance(listed, list) else ():
        if isinstance(term, dict) and (id_ := mesh_id(term.get("id"))):
            yield id_, str(term.get("term", ""))


def check(records: Iterable[Record], tree: Tree, reject: Reject) -> Check:
    """Holds records against a tree; ``reject`` is told of those that are no studies."""
    done = Check(tree)
    for record in records:
        study = at(record.data, ("protocolSection", "identificationModule", "nctId"))
        if isinstance(study, str):
            done.take(study, record.data)
        else:
            reject(RecordError("not a study", file=record.file, record=record.number))
    return done


def as_table(done: Check, limit: int) -> str:
    """The kinds with their counts, and of each the headings that most studies show."""
    lines = [f"{'':8} {'headings':>9} {'studies':>8}  meaning"]
    for kind, counts in done.counts().items():
        lines.append(f"{kind:8} {counts['headings']:9,} {counts['studies']:8,}  {KINDS[kind]}")
    shown: Counter[str] = Counter()
    lines += ["", f"{'':8} {'of':12} {'heading':10} {'studies':>8}  {'in the record':40} in the tree"]
    for one, studies in done.ranked():
        shown[one.kind] += 1
        if shown[one.kind] <= limit:
            known = done.tree.get(one.id)
            names = f"{'' if one.kind == 'missing' else one.said:40} {known.label if known else ''}"
            lines.append(f"{one.kind:8} {one.of:12} {one.id:10} {len(studies):8,}  {names}".rstrip())
    return "\n".join(lines) + "\n"


def as_json(done: Check) -> bytes:
    """All that was found, with the studies."""
    found = [
        {"kind": one.kind, "of": one.of, "id": one.id, "name": one.said, "studies": sorted(studies)}
        for one, studies in done.ranked()
    ]
    lists = {of: {"lists": done.lists[of], "judged": done.judged[of], "agreeing": done.agreeing[of]} for of in MODULES}
    whole = {"studies": done.studies, "lists": lists, "counts": done.counts(), "found": found}
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2) + b"\n"
