"""One batch from start to finish: read this first.

A cluster's window collects what changed. Once a second what all windows of a process have collected is
written in one transaction: Resource rows, one journal entry a cluster, and the state its card shows,
with the resource versions up to which all of it is true. A write under an old fence is refused, cluster
by cluster, so that a worker that was asleep cannot undo what its successor wrote.

The first picture of a cluster is too big for one transaction. It goes in slices (`store_slice`) and
ends with a keyframe (`store_keyframe`), which makes it valid.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec
from django.db import connection, transaction

from clusters import leases
from clusters.kinds import encode_record
from clusters.mirror.changes import Change
from clusters.models import ClusterState
from clusters.models import Resource as ResourceRow
from clusters.points import reached
from clusters.state.picture import ClusterValues
from clusters.state.resource import Resource
from clusters.state.summary import encode_summary
from metrics import sql
from metrics.journal.changes import encode_changes
from metrics.journal.keyframes import encode_picture
from metrics.journal.keys import encode_keys
from metrics.journal.states import encode_state
from metrics.models import JournalEntry, SeriesTick, Snapshot, UsageRound

RESOURCES = ResourceRow._meta.db_table
STATES = ClusterState._meta.db_table
ENTRIES = JournalEntry._meta.db_table
SNAPSHOTS = Snapshot._meta.db_table
TICKS = SeriesTick._meta.db_table
ROUNDS = UsageRound._meta.db_table

RESOURCE_KEY = ("cluster_id", "kind", "uid")
RESOURCE_COLUMNS = (
    *RESOURCE_KEY, "api_group", "namespace", "name", "health", "reason", "node", "workload", "record",
)  # fmt: skip
TOUCHED_COLUMNS = ("health", "reason", "record")
ENTRY_COLUMNS = (
    "cluster_id", "history", "fence", "first_number", "last_number", "first_at_ms", "last_at_ms",
    "state", "keys", "changes",
)  # fmt: skip
SNAPSHOT_COLUMNS = ("cluster_id", "history", "fence", "number", "at_ms", "state", "picture")
STATE_COLUMNS = (
    "fence", "number", "taken_at_ms", "health", "reason", "since_ms", "connection", "connection_reason",
    "connection_message", "connection_since_ms", "last_read_at_ms", "next_try_at_ms", "summary", "versions",
)  # fmt: skip


@dataclass(frozen=True)
class UsageRows:
    """What was read of metrics.k8s.io at one moment, packed: a tick of the series, or what every pod used."""

    at_ms: int
    tick: bytes | None = None
    pods: bytes | None = None


@dataclass(frozen=True)
class Batch:
    """What one cluster's window has collected since the last batch, in order.

    `changes` holds each object once, as it is at `values.number`; it is empty where only the line or
    the totals moved. `first_number` to `values.number` are the frames that it covers; 0 where none was sent.
    """

    cluster_id: int
    history: int
    values: ClusterValues
    versions: dict[str, str]
    changes: Sequence[Change] = ()
    first_number: int = 0
    first_at_ms: int = 0
    usage: Sequence[UsageRows] = ()


@dataclass(frozen=True)
class Keyframe:
    """The whole picture of one cluster at one place."""

    batch: Batch
    resources: Sequence[Resource]


def store(batches: Sequence[Batch], owner: str) -> set[int]:
    """Write all batches in one transaction; the ids of the clusters that are no longer `owner`'s."""
    return store_prepared([prepare(batch) for batch in batches], owner)


def store_prepared(prepared: Sequence["Prepared"], owner: str) -> set[int]:
    """The same, of batches that are rows already."""
    with transaction.atomic():
        fences = leases.current_fences([rows.cluster_id for rows in prepared], owner)
        valid = [rows for rows in prepared if fences.get(rows.cluster_id) == rows.fence]
        with connection.cursor() as cursor:
            _write(cursor, valid)
        reached("batch-written")
    reached("batch-stored")
    return {rows.cluster_id for rows in prepared} - {rows.cluster_id for rows in valid}


def prepare(batch: Batch) -> "Prepared":
    """The rows of a batch."""
    return _prepare(batch)


def store_slice(cluster_id: int, fence: int, owner: str, resources: Sequence[Resource]) -> bool:
    """Write one slice of a first picture; False where the cluster is no longer `owner`'s."""
    with transaction.atomic():
        if leases.current_fences([cluster_id], owner).get(cluster_id) != fence:
            return False
        with connection.cursor() as cursor:
            rows = [_resource_row(cluster_id, resource) for resource in resources]
            sql.upsert_many(cursor, RESOURCES, RESOURCE_COLUMNS, key=RESOURCE_KEY, rows=rows)
    return True


def absent_rows(
    cluster_id: int, kinds: Collection[str], present: set[tuple[str, str]]
) -> list[tuple[int, str, str]]:
    """The keys of rows of an earlier reading whose objects are not among `present` (kind, uid).

    Only those of `kinds`: what could not be listed now keeps its last picture.
    """
    rows = ResourceRow.objects.filter(cluster_id=cluster_id, kind__in=kinds).values_list("kind", "uid")
    return [(cluster_id, *key) for key in rows.iterator() if key not in present]


def forget(cluster_id: int, fence: int, owner: str, keys: Sequence[tuple[int, str, str]]) -> bool:
    """Delete rows by (cluster, kind, uid); False where the cluster is no longer `owner`'s."""
    with transaction.atomic():
        if leases.current_fences([cluster_id], owner).get(cluster_id) != fence:
            return False
        with connection.cursor() as cursor:
            sql.delete_many(cursor, RESOURCES, key=RESOURCE_KEY, rows=keys)
    return True


def store_keyframe(keyframe: Keyframe, owner: str) -> bool:
    """Write a keyframe and the state that goes with it; False where the cluster is no longer `owner`'s."""
    batch = keyframe.batch
    picture = encode_picture(keyframe.resources)  # Before the transaction: the longest part by far.
    values = batch.values
    with transaction.atomic():
        if leases.current_fences([batch.cluster_id], owner).get(batch.cluster_id) != values.fence:
            return False
        row = (
            batch.cluster_id, batch.history, values.fence, values.number, values.taken_at_ms,
            encode_state(values), picture,
        )  # fmt: skip
        with connection.cursor() as cursor:
            sql.insert_many(cursor, SNAPSHOTS, SNAPSHOT_COLUMNS, [row], once=True)
            _write_states(cursor, [_state_row(batch)])
    return True


@dataclass(frozen=True)
class _Rows:
    """One batch as rows: made before the transaction, so that the lock is held only to write them."""

    cluster_id: int
    fence: int
    changed: list[tuple[object, ...]]
    stayed: list[Resource]
    """Objects whose row is there and stays where it is."""
    touched: list[tuple[object, ...]]
    """What has to be written of them."""
    gone: list[tuple[object, ...]]
    entries: list[tuple[object, ...]]
    state: tuple[object, ...]
    ticks: list[tuple[object, ...]]
    rounds: list[tuple[object, ...]]


Prepared = _Rows


def _prepare(batch: Batch) -> _Rows:
    cluster_id = batch.cluster_id
    stayed = [one.resource for one in batch.changes if one.keeps_place and one.resource is not None]
    return _Rows(
        cluster_id=cluster_id,
        fence=batch.values.fence,
        changed=[
            _resource_row(cluster_id, one.resource)
            for one in batch.changes
            if one.resource is not None and not one.keeps_place
        ],
        stayed=stayed,
        touched=[_touched_row(cluster_id, resource) for resource in stayed],
        gone=[(cluster_id, c.kind, c.uid) for c in batch.changes if c.resource is None],
        entries=[_entry_row(batch)] if batch.first_number else [],
        state=_state_row(batch),
        ticks=[(cluster_id, one.at_ms, one.tick) for one in batch.usage if one.tick is not None],
        rounds=[(cluster_id, one.at_ms, one.pods) for one in batch.usage if one.pods is not None],
    )


def _write(cursor: sql.Cursor, batches: Sequence[_Rows]) -> None:
    gone = [row for rows in batches for row in rows.gone]
    changed = [row for rows in batches for row in rows.changed]
    entries = [row for rows in batches for row in rows.entries]
    sql.delete_many(cursor, RESOURCES, key=RESOURCE_KEY, rows=gone)
    sql.upsert_many(cursor, RESOURCES, RESOURCE_COLUMNS, key=RESOURCE_KEY, rows=changed)
    _touch(cursor, batches)
    sql.insert_many(cursor, ENTRIES, ENTRY_COLUMNS, entries)
    _write_states(cursor, [rows.state for rows in batches])
    ticks = [row for rows in batches for row in rows.ticks]
    rounds = [row for rows in batches for row in rows.rounds]
    sql.insert_many(cursor, TICKS, ("cluster_id", "at_ms", "points"), ticks, once=True)
    sql.insert_many(cursor, ROUNDS, ("cluster_id", "at_ms", "pods"), rounds, once=True)


def _touch(cursor: sql.Cursor, batches: Sequence[_Rows]) -> None:
    """Update rows that stay where they are: of four indexes three need not be touched.

    Where one is not there after all, as after a hand in the database, all are written whole.
    """
    touched = [row for rows in batches for row in rows.touched]
    found = sql.update_many(cursor, RESOURCES, TOUCHED_COLUMNS, key=RESOURCE_KEY, rows=touched)
    if found != len(touched):
        whole = [_resource_row(rows.cluster_id, one) for rows in batches for one in rows.stayed]
        sql.upsert_many(cursor, RESOURCES, RESOURCE_COLUMNS, key=RESOURCE_KEY, rows=whole)


def _resource_row(cluster_id: int, resource: Resource) -> tuple[object, ...]:
    """In the order of RESOURCE_COLUMNS."""
    return (
        cluster_id, resource.kind, resource.uid, resource.group, resource.namespace, resource.name,
        resource.health, resource.reason[:80], resource.node, resource.workload, encode_record(resource),
    )  # fmt: skip


def _touched_row(cluster_id: int, resource: Resource) -> tuple[object, ...]:
    """TOUCHED_COLUMNS, then RESOURCE_KEY."""
    return (
        resource.health, resource.reason[:80], encode_record(resource),
        cluster_id, resource.kind, resource.uid,
    )  # fmt: skip


def _entry_row(batch: Batch) -> tuple[object, ...]:
    values = batch.values
    return (
        batch.cluster_id, batch.history, values.fence, batch.first_number, values.number,
        batch.first_at_ms, values.taken_at_ms, encode_state(values), encode_keys(batch.changes),
        encode_changes(batch.changes),
    )  # fmt: skip


def _write_states(cursor: sql.Cursor, rows: Sequence[tuple[object, ...]]) -> None:
    sql.update_many(cursor, STATES, STATE_COLUMNS, key=("cluster_id",), rows=rows)


def _state_row(batch: Batch) -> tuple[object, ...]:
    values = batch.values
    summary = encode_summary(values.summary) if values.summary is not None else b""
    return (
        values.fence, values.number, values.taken_at_ms, values.health, values.reason[:80], values.since_ms,
        values.connection, values.connection_reason, values.connection_message[:500],
        values.connection_since_ms, values.last_read_at_ms, values.next_try_at_ms, summary,
        msgspec.json.encode(batch.versions).decode(), batch.cluster_id,
    )  # fmt: skip
