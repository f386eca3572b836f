"""What all pods of a cluster used at one reading: packed as one row, kept for an hour.

Never a journal entry and never a column of Resource: upserting 420,000 of them costs 20 s of CPU a round.
"""

from collections.abc import Iterable, Sequence

import msgspec
from django.conf import settings
from django.db import connection

from clusters.models import Cluster
from metrics import sql
from metrics.models import UsageRound
from metrics.packing import Blob, StoredFormatError, open_sealed, seal
from metrics.storage import delete_in_slices
from metrics.usage.readings import Usage

_FORMAT = 1
_MICRO = 1_000_000

PodUsage = dict[tuple[str, str], tuple[float | None, int | None]]
"""Namespace and name to cores and bytes; None is unknown."""


class _Columns(msgspec.Struct, array_like=True):
    """Format 1. Columns pack better than rows, and a namespace is told once for all its pods."""

    namespaces: list[tuple[str, int]]
    """Each with how many of the pods that follow are in it."""
    names: list[str]
    cpu_micro_cores: list[int | None]
    memory_bytes: list[int | None]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Columns)


def pack(usages: Iterable[Usage]) -> bytes:
    """The column `pods`."""
    ordered = sorted(usages, key=lambda usage: (usage.namespace, usage.name))
    counts: dict[str, int] = {}
    for usage in ordered:
        counts[usage.namespace] = counts.get(usage.namespace, 0) + 1
    columns = _Columns(
        namespaces=list(counts.items()),
        names=[usage.name for usage in ordered],
        cpu_micro_cores=[
            None if usage.cpu_cores is None else round(usage.cpu_cores * _MICRO) for usage in ordered
        ],
        memory_bytes=[usage.memory_bytes for usage in ordered],
    )
    return seal(_FORMAT, _encoder.encode(columns))


def unpack(blob: Blob) -> PodUsage:
    """The usage of each pod; cores to a millionth."""
    _, payload = open_sealed(blob)
    try:
        columns = _decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise StoredFormatError("A round of pod usage cannot be understood.") from error
    namespaces = [name for name, count in columns.namespaces for _ in range(count)]
    cores = [None if micro is None else micro / _MICRO for micro in columns.cpu_micro_cores]
    rows = zip(namespaces, columns.names, cores, columns.memory_bytes, strict=True)
    return {(namespace, name): (cpu, memory) for namespace, name, cpu, memory in rows}


def store(cluster_id: int, at_ms: int, usages: Sequence[Usage]) -> None:
    """Keep one round. A second of the same moment is ignored."""
    with connection.cursor() as cursor:
        row = (cluster_id, at_ms, pack(usages))
        table = UsageRound._meta.db_table
        sql.insert_many(cursor, table, ("cluster_id", "at_ms", "pods"), [row], once=True)


def latest(cluster_id: int) -> tuple[int, PodUsage] | None:
    """The newest round and when it was read; None where none is kept."""
    rounds = UsageRound.objects.filter(cluster_id=cluster_id).order_by("-at_ms")
    row = rounds.values_list("at_ms", "pods").first()
    return None if row is None else (row[0], unpack(row[1]))


def prune(now_ms: int) -> int:
    """Forget the rounds older than `TOPMAST_USAGE_MINUTES`; how many are gone."""
    before_ms = now_ms - int(settings.TOPMAST_USAGE_MINUTES * 60_000)
    clusters = Cluster.objects.values_list("id", flat=True)  # one by one: the index is by cluster
    rounds = (
        UsageRound.objects.filter(cluster_id=cluster_id, at_ms__lt=before_ms) for cluster_id in clusters
    )
    return sum(delete_in_slices(old) for old in rounds)
