"""A store as a copy of the registry: each study is replaced in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import orjson
import pyoxigraph as ox

from kg._types import Reject
from kg.errors import FieldError, InputError, RecordError, Skipped
from kg.export.exporter import Exported, Exporter
from kg.export.stream import exports
from kg.ontology.vocabulary import STUDY
from kg.records.objects import ObjectInput
from kg.registry.targets import LABEL, POSTED, Difference, digest_of, kind_of, literal, value_changes
from kg.store import digests, layout, registry_state
from kg.store.choice import plan_of
from kg.store.embedded import replace, update_store
from kg.store.registry_state import RegistryState
from kg.store.shared_graph import StoreGraphs


class StoreTarget:
    """A store that is open for writing; problems with fields of records go to ``reject``."""

    def __init__(self, name: str, store: ox.Store, *, contacts: bool, reject: Reject) -> None:
        self.name = name
        self._store = store
        self._graphs = StoreGraphs(store)
        self._exporter = Exporter(plan_of(store), contacts=contacts, digests=True)
        self._reject = reject

    def close(self) -> None:
        """Let go of the store, which is open as long as something refers to it, such as the traceback of an error."""
        del self._store, self._graphs

    def state(self) -> RegistryState | None:
        """Return the state, ``None`` if the store has none yet."""
        return registry_state.read(self._store)

    def write_state(self, state: RegistryState) -> None:
        """Replace the state, and write everything to the disk."""
        registry_state.write(self._store, state)
        self._store.flush()

    def studies(self) -> list[str]:
        """Return the NCT numbers of the studies, sorted."""
        return layout.studies(self._store)

    def dates(self) -> dict[str, str]:
        """Return the day on which each study was last posted, by NCT number."""
        dates = dict.fromkeys(self.studies(), "")
        for quad in self._store.quads_for_pattern(None, POSTED, None, None):
            study = layout.study_of_statement(quad)
            if study in dates and isinstance(quad.object, ox.Literal):
                dates[study] = quad.object.value
        return dates

    def titles(self) -> Iterator[tuple[str, str]]:
        """Yield the studies, sorted, with their titles."""
        return ((study, self.title(study)) for study in self.studies())

    def title(self, study: str) -> str:
        """Return the title of a study."""
        subject = ox.NamedNode(STUDY + study)
        return literal(self._store.quads_for_pattern(subject, LABEL, None, None), LABEL)

    def digest(self, study: str) -> str:
        """Return the digest of the graph of a study."""
        return digest_of(self._quads(study))

    def compare(self, study: str, record: bytes) -> Difference | None:
        """Compare a record with that of the study in the store; ``None`` if the graph is the same."""
        if self._is_current(study, record):
            return None
        exported = self._exported(study, record)
        new, old = [*layout.parsed(exported)], self._quads(study)
        digest = digest_of(new)
        if digest == digest_of(old):
            update_store(self._store, digests.steps(self._store, study, exported.digest))
            return None
        kind = kind_of(literal(old, POSTED) if old else None, literal(new, POSTED))
        subject = ox.NamedNode(STUDY + study)
        title = literal((quad for quad in new if quad.subject == subject), LABEL)
        values = value_changes(old, new) if old else ()
        return Difference(study, kind, title, digest, (new, exported.shared, old, exported.digest), values)

    def apply(self, difference: Difference) -> None:
        """Replace the graph of a study and update the shared graph, in one transaction."""
        quads, shared, present, digest = difference.content
        replace(self._store, self._graphs, difference.study, quads, shared, present=present, digest=digest)

    def remove(self, study: str) -> None:
        """Remove the graph of a study and update the shared graph, in one transaction."""
        replace(self._store, self._graphs, study, ())

    def _is_current(self, study: str, record: bytes) -> bool:
        """Return whether the store has this record by its digest."""
        try:
            number, digest = self._exporter.identity(orjson.loads(record))
        except (ValueError, RecordError):
            return False
        return number == study and digests.has(self._store, study, digest)

    def _quads(self, study: str) -> list[ox.Quad]:
        return layout.statements(self._store, study)

    def _exported(self, study: str, record: bytes) -> Exported:
        """Export a record as any other input; raise :class:`~kg.errors.RecordError` for one that is lost."""
        losses: list[str] = []

        def reject(problem: InputError) -> None:
            if isinstance(problem, FieldError | Skipped):
                problem.file, problem.record = None, None
                self._reject(problem)
            else:
                losses.append(problem.problem)

        for _, exported in exports([ObjectInput(study, lambda: BytesIO(record))], self._exporter, reject):
            return exported
        raise RecordError(losses[0] if losses else "cannot be exported", study=study)
