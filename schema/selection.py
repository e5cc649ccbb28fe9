"""What an operation selects below a field. Asked by fields that can save a read."""

from graphql import FieldNode

from schema.context import Inform

_FREE = frozenset({"id", "__typename"})


def selects_only_id(info: Inform) -> bool:
    """Whether nothing but `id` is selected. A fragment counts as more: nobody looks into it."""
    # Strawberry's own `selected_fields` converts the whole selection, at a hundred times the cost.
    nodes = info._raw_info.field_nodes  # noqa: SLF001
    return all(
        isinstance(one, FieldNode) and one.name.value in _FREE
        for node in nodes
        if node.selection_set is not None
        for one in node.selection_set.selections
    )
