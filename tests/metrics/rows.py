"""Clusters and rows of the journal for tests that need a database."""

from collections.abc import Iterable, Sequence
from itertools import count

from clusters.mirror.changes import Change
from clusters.models import Cluster
from clusters.state.picture import ClusterValues
from clusters.state.resource import Resource
from clusters.state.summary import Summary
from metrics.journal.changes import encode_changes
from metrics.journal.keyframes import encode_picture
from metrics.journal.keys import encode_keys
from metrics.journal.states import encode_state
from metrics.models import JournalEntry, Snapshot

_serial = count(1)


def a_cluster() -> Cluster:
    """A registered cluster."""
    name = f"store-{next(_serial)}"
    return Cluster.objects.create(slug=name, name=name, server="https://127.0.0.1:6443", added_at_ms=0)


def values(*, fence: int = 1, number: int = 0, version: str | None = None) -> ClusterValues:
    """A cluster's card at one place."""
    return ClusterValues(
        uuid="11111111-1111-4111-8111-111111111111",
        health="healthy",
        reason="",
        since_ms=None,
        connection="live",
        connection_reason="",
        connection_message="",
        connection_since_ms=None,
        last_read_at_ms=None,
        next_try_at_ms=None,
        fence=fence,
        number=number,
        taken_at_ms=None,
        summary=Summary(version=version),
    )


def write_entry(
    cluster: Cluster,
    number: int,
    at_ms: int,
    changes: Sequence[Change],
    *,
    fence: int = 1,
    last: int | None = None,
    history: int = 1,
) -> None:
    """A row of the journal as the pipeline writes it."""
    last = number if last is None else last
    JournalEntry.objects.create(
        cluster=cluster,
        history=history,
        fence=fence,
        first_number=number,
        last_number=last,
        first_at_ms=at_ms,
        last_at_ms=at_ms,
        state=encode_state(values(fence=fence, number=last)),
        keys=encode_keys(changes),
        changes=encode_changes(changes),
    )


def write_keyframe(
    cluster: Cluster,
    number: int,
    at_ms: int,
    resources: Iterable[Resource],
    *,
    fence: int = 1,
    history: int = 1,
) -> None:
    """A keyframe as the pipeline writes it."""
    Snapshot.objects.create(
        cluster=cluster,
        history=history,
        fence=fence,
        number=number,
        at_ms=at_ms,
        state=encode_state(values(fence=fence, number=number)),
        picture=encode_picture(resources),
    )
