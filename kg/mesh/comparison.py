"""Comparison of records with the MeSH tree: where their listed ancestors differ from those of their terms.

A record lists its terms and, in one flat list, their ancestors that are not terms themselves. The list should be all
ancestors of the terms, less the terms. In fact the registry omits some branches and, for drugs, adds pharmacological
actions, which are not ancestors in the tree.
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
from kg.mesh.tree import Tree
from kg.records.reader import Record

MODULES = {"condition": "conditionBrowseModule", "intervention": "interventionBrowseModule"}
KINDS = {
    "unknown": "a term that is not in the tree",
    "label": "a name that differs from the tree",
    "missing": "an ancestor of a term that the record does not list",
    "extra": "a listed ancestor that is no ancestor of a term",
    "action": "a listed ancestor that is a pharmacological action of a term",
}
"""Kinds of differences with their meaning; an ``action`` is reported but does not count as a disagreement."""


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One heading that differs from the tree, in the conditions or the interventions (``of``) of some studies."""

    kind: str
    of: str
    id: str
    name: str
    """The name in the record or, for a missing ancestor, in the tree."""


@dataclass(slots=True)
class Comparison:
    """Records compared with a tree: the number of lists that agree, and the studies with each difference."""

    tree: Tree
    studies: int = 0
    lists: Counter[str] = field(default_factory=Counter)
    """Lists of terms with their ancestors, of conditions and of interventions."""
    agreeing: Counter[str] = field(default_factory=Counter)
    complete: Counter[str] = field(default_factory=Counter)
    """Lists with all terms in the tree, in which extra ancestors can be recognized."""
    differences: dict[Difference, list[str]] = field(default_factory=dict)
    _cache: dict[frozenset[str], tuple[set[str], set[str]]] = field(default_factory=dict, repr=False)
    """Ancestors and pharmacological actions by terms."""

    @property
    def agrees(self) -> bool:
        """Whether all records agree with the tree."""
        return all(difference.kind == "action" for difference in self.differences)

    def add(self, study: str, record: dict[str, Any]) -> None:
        """Compare one record with the tree."""
        self.studies += 1
        derived = record.get("derivedSection")
        for of, name in MODULES.items():
            module = derived.get(name) if isinstance(derived, dict) else None
            if isinstance(module, dict) and (module.get("meshes") or module.get("ancestors")):
                self._compare(study, of, dict(_terms(module.get("meshes"))), dict(_terms(module.get("ancestors"))))

    def _compare(self, study: str, of: str, terms: dict[str, str], listed: dict[str, str]) -> None:
        self.lists[of] += 1
        before = self._disagreements
        for id_, name in (terms | listed).items():
            if id_ not in self.tree:
                self._record(Difference("unknown", of, id_, name), study)
            elif self.tree[id_].label != name and not id_.startswith("C"):  # their capitalization varies in records
                self._record(Difference("label", of, id_, name), study)
        self._compare_ancestors(study, of, set(terms), listed)
        self.agreeing[of] += self._disagreements == before

    def _compare_ancestors(self, study: str, of: str, terms: set[str], listed: dict[str, str]) -> None:
        ancestors, actions = self._ancestors_and_actions(frozenset(terms))
        for id_ in sorted(ancestors - terms - listed.keys()):
            self._record(Difference("missing", of, id_, self.tree[id_].label if id_ in self.tree else ""), study)
        if not all(id_ in self.tree for id_ in terms):
            return
        self.complete[of] += 1
        for id_ in sorted((listed.keys() & self.tree.keys()) - ancestors):
            self._record(Difference("action" if id_ in actions else "extra", of, id_, listed[id_]), study)

    def _ancestors_and_actions(self, terms: frozenset[str]) -> tuple[set[str], set[str]]:
        if terms not in self._cache:
            self._cache[terms] = self.tree.ancestors(terms), self.tree.actions(terms)
        return self._cache[terms]

    def _record(self, difference: Difference, study: str) -> None:
        self.differences.setdefault(difference, []).append(study)

    @property
    def _disagreements(self) -> int:
        return sum(len(studies) for difference, studies in self.differences.items() if difference.kind != "action")

    def ranked(self) -> list[tuple[Difference, list[str]]]:
        """Return the differences by kind, those with most studies first."""
        order = list(KINDS)
        return sorted(self.differences.items(), key=lambda pair: (order.index(pair[0].kind), -len(pair[1]), pair[0]))

    def summary(self) -> str:
        """Return the counts in one sentence."""
        counts = ", ".join(f"{self.agreeing[of]:,} of {self.lists[of]:,} lists of {of}s agree" for of in MODULES)
        return f"MeSH: {self.studies:,} studies, {counts}."

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the numbers of headings and studies by kind."""
        by_kind = {kind: [pair for pair in self.differences.items() if pair[0].kind == kind] for kind in KINDS}
        return {
            kind: {
                "headings": len({difference.id for difference, _ in pairs}),
                "studies": len({study for _, studies in pairs for study in studies}),
            }
            for kind, pairs in by_kind.items()
        }


def _terms(items: object) -> Iterator[tuple[str, str]]:
    for term in items if isinstance(items, list) else ():
        if isinstance(term, dict) and (id_ := mesh_id(term.get("id"))):
            yield id_, str(term.get("term", ""))


def compare(records: Iterable[Record], tree: Tree, reject: Reject) -> Comparison:
    """Compare records with a tree; records that are not studies go to ``reject``."""
    comparison = Comparison(tree)
    for record in records:
        study = at(record.data, ("protocolSection", "identificationModule", "nctId"))
        if isinstance(study, str):
            comparison.add(study, record.data)
        else:
            reject(RecordError("not a study", file=record.file, record=record.number))
    return comparison


def as_table(comparison: Comparison, limit: int) -> str:
    """Return a table of the kinds with their counts, and of the ``limit`` most frequent differences of each kind."""
    lines = [f"{'':8} {'headings':>9} {'studies':>8}  meaning"]
    for kind, counts in comparison.counts().items():
        lines.append(f"{kind:8} {counts['headings']:9,} {counts['studies']:8,}  {KINDS[kind]}")
    shown: Counter[str] = Counter()
    lines += ["", f"{'':8} {'of':12} {'heading':10} {'studies':>8}  {'in the record':40} in the tree"]
    for item, studies in comparison.ranked():
        shown[item.kind] += 1
        if shown[item.kind] <= limit:
            heading = comparison.tree.get(item.id)
            names = f"{'' if item.kind == 'missing' else item.name:40} {heading.label if heading else ''}"
            lines.append(f"{item.kind:8} {item.of:12} {item.id:10} {len(studies):8,}  {names}".rstrip())
    return "\n".join(lines) + "\n"


def as_json(comparison: Comparison) -> bytes:
    """Return all differences with their studies as JSON."""
    differences = [
        {"kind": item.kind, "of": item.of, "id": item.id, "name": item.name, "studies": sorted(studies)}
        for item, studies in comparison.ranked()
    ]
    lists = {
        of: {"lists": comparison.lists[of], "judged": comparison.complete[of], "agreeing": comparison.agreeing[of]}
        for of in MODULES
    }
    content = {"studies": comparison.studies, "lists": lists, "counts": comparison.counts(), "found": differences}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"
