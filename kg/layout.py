"""The layout of the compiled plan: which kinds of part have functions, and which nodes are referred to by name."""

from __future__ import annotations

from kg.plan import Entity, Field, Plan, Role


class Layout:
    """What the compiler asks of a plan. Tables of nodes by their names are called ``g_`` and the kind of node, or
    ``h_`` where the tokens stand behind the predicate of a single reference."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known_needs: dict[str, frozenset[str]] = {}

    def target(self, known: Field) -> Entity:
        """The kind of node that a field leads to."""
        assert known.target is not None
        return self._plan.entities[known.target.iri]

    @property
    def resources(self) -> list[str]:
        """The kinds of resource that several studies share, by the IRI of their shape."""
        fields = [known for entity in self._plan.entities.values() for known in entity.fields]
        nodes = [self.target(known) for known in fields if known.role is Role.NODE and known.keys]
        return [*dict.fromkeys(target.shape.iri for target in nodes if not target.is_part)]

    def parts(self, entity: Entity) -> list[Entity]:
        """The kinds of part right below a kind of node."""
        targets = [self.target(known) for known in entity.fields if known.role is Role.NODE]
        return [target for target in targets if target.is_part]

    def has_function(self, entity: Entity) -> bool:
        """Whether a kind of part has parts of its own; else it is written inside of what it is part of."""
        return entity is self._plan.study or (entity.is_part and bool(self.parts(entity)))

    def needs(self, entity: Entity) -> frozenset[str]:
        """The tables of names that a kind of node and its parts use, and that are made above them."""
        if entity.local not in self._known_needs:
            own = {self.reference(known) for known in entity.fields if known.role is Role.REFERENCE}
            below = {name for part in self.parts(entity) for name in self.needs(part)}
            made = {table for name in self.provided(entity) for table in (f"g_{name}", f"h_{name}")}
            self._known_needs[entity.local] = frozenset((own | below) - made)
        return self._known_needs[entity.local]

    def provided(self, entity: Entity) -> list[str]:
        """The kinds of part right below a kind of node that are referred to by name."""
        return sorted({part.local for part in self.parts(entity) if part.known_by})

    def reference(self, known: Field) -> str:
        """The table that a reference is looked up in."""
        return f"{'g' if known.many else 'h'}_{self.target(known).local}"

    def single_references(self, target: Entity) -> list[Field]:
        """The fields that refer to one node of a kind."""
        fields = [known for entity in self._plan.entities.values() for known in entity.fields]
        return [known for known in fields if self._refers(known) and not known.many and self.target(known) is target]

    def is_mutual(self, target: Entity) -> bool:
        """Whether what refers to a kind of node is referred back to, which tells nodes of one name apart."""
        return any(self._refers(known) and self.target(known).known_by for known in target.fields)

    def back(self, known: Field) -> tuple[Entity, Field] | None:
        """The kind of node that holds a reference, and the field by which those that it refers to refer back."""
        for owner in self._plan.entities.values():
            if known in owner.fields and owner.known_by:
                for field in self.target(known).fields:
                    if self._refers(field) and field.target is owner.shape:
                        return owner, field
        return None

    @staticmethod
    def _refers(known: Field) -> bool:
        return known.role is Role.REFERENCE
