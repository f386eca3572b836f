"""What a mirror says when something is no longer as it was."""

import msgspec

from clusters.state.resource import Resource


class Change(msgspec.Struct, frozen=True, gc=False):
    """One object is now like this, or gone (`resource` is None)."""

    kind: str
    uid: str
    resource: Resource | None
    keeps_place: bool = False
    """Whether all that lists find it by is as it was, but for its health: its row stays where it is."""


def keeps_place(old: Resource | None, new: Resource) -> bool:
    """Whether nothing but health, reason and what is shown of an object is another."""
    return (
        old is not None
        and old.name == new.name
        and old.namespace == new.namespace
        and old.node == new.node
        and old.workload == new.workload
    )


def later_of(earlier: Change | None, later: Change) -> Change:
    """The later of two changes of one object, for whoever has stored neither."""
    if earlier is None or earlier.keeps_place or not later.keeps_place:
        return later
    return msgspec.structs.replace(later, keeps_place=False)
