"""The rows that series are kept in, read and written inside somebody's transaction."""

from collections.abc import Mapping, Sequence

from django.db import connection

from clusters.models import Cluster
from metrics import sql
from metrics.models import SeriesHour
from metrics.series.aggregating import Step
from metrics.series.columns import Columns, pack_columns, unpack_columns

_COLUMNS = ("cluster_id", "subject", "step_seconds", "from_ms", "points")
_KEY = _COLUMNS[:4]


def hold(cluster_id: int) -> None:
    """Let nobody else merge rows of this cluster until the transaction ends.

    SQLite's transactions exclude each other anyway; `no_key` lets those pass who only refer to the cluster.
    """
    Cluster.objects.select_for_update(no_key=True).filter(id=cluster_id).values_list("id").first()


def rows_of(cluster_id: int, step: Step, from_ms: int, subjects: Sequence[str]) -> dict[str, Columns]:
    """The rows of one span that are there, by subject."""
    rows = SeriesHour.objects.filter(
        cluster_id=cluster_id, step_seconds=step.seconds, from_ms=from_ms, subject__in=subjects
    )
    return {subject: unpack_columns(points) for subject, points in rows.values_list("subject", "points")}


def put_rows(cluster_id: int, step: Step, from_ms: int, rows: Mapping[str, Columns]) -> None:
    """Write the rows of one span in place of those that are there."""
    packed = [
        (cluster_id, subject, step.seconds, from_ms, pack_columns(columns))
        for subject, columns in rows.items()
    ]
    with connection.cursor() as cursor:
        sql.upsert_many(cursor, SeriesHour._meta.db_table, _COLUMNS, key=_KEY, rows=packed)
