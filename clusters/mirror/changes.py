"""What a mirror says when something is no longer as it was."""

import msgspec

from clusters.state.resource import Resource


class Change(msgspec.Struct, frozen=True, gc=False):
    """One object is now like this, or gone (`resource` is None)."""

    kind: str
    uid: str
    resource: Resource | None
