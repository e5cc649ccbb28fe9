"""Measures a parsed document with its fragments put in place, in linear time; called by `documents`."""

from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from errors import QueryTooCostly
from gateway.graphql.limits import Limits


class _Size(NamedTuple):
    fields: int
    depth: int


class _Part(NamedTuple):
    """One definition by itself: its own size, and its spreads with the depth at which they stand."""

    own: _Size
    spreads: list[tuple[str, int]]


def check(document: DocumentNode, limits: Limits) -> None:
    """Raises QueryTooCostly when an operation is deeper or, fragments expanded, has more fields than the limits."""
    fragments = {
        definition.name.value: _part(definition.selection_set)
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    expansion = _Expansion(fragments)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            size = expansion.of(_part(definition.selection_set))
            if size.depth > limits.depth:
                raise QueryTooCostly(f"selections are nested deeper than {limits.depth} levels")
            if size.fields > limits.expanded_fields:
                raise QueryTooCostly(f"fragments expand to more than {limits.expanded_fields} fields")


class _Expansion:
    """Sizes with fragments in place, each fragment computed once. Recursion ends: definitions are limited."""

    def __init__(self, fragments: dict[str, _Part]) -> None:
        self._fragments = fragments
        self._known: dict[str, _Size] = {}

    def of(self, part: _Part) -> _Size:
        fields, depth = part.own
        for name, at in part.spreads:
            inner = self._fragment(name)
            fields += inner.fields
            depth = max(depth, at + inner.depth)
        return _Size(fields, depth)

    def _fragment(self, name: str) -> _Size:
        known = self._known.get(name)
        if known is None:
            # A cycle, or a fragment that is missing, adds nothing here: validation refuses both.
            self._known[name] = known = _Size(0, 0)
            if name in self._fragments:
                self._known[name] = known = self.of(self._fragments[name])
        return known


def _part(selection_set: SelectionSetNode) -> _Part:
    fields = deepest = 0
    spreads = []
    pending = [(selection_set, 0)]
    while pending:
        current, depth = pending.pop()
        for selection in current.selections:
            if isinstance(selection, FragmentSpreadNode):
                spreads.append((selection.name.value, depth))
            elif isinstance(selection, InlineFragmentNode):
                pending.append((selection.selection_set, depth))
            elif isinstance(selection, FieldNode):
                fields += 1
                deepest = max(deepest, depth + 1)
                if selection.selection_set:
                    pending.append((selection.selection_set, depth + 1))
    return _Part(_Size(fields, deepest), spreads)
