"""Whether anything is due at all: asked twice a second for ever, so it is one statement without the ORM."""

from django.db import connection

from metrics.alerts.models import AlertGroup
from metrics.notify.models import QUEUED, OutboxMessage

# Table names are our own; both parts are answered by partial indexes.
_DUE = (
    f'SELECT EXISTS (SELECT 1 FROM "{AlertGroup._meta.db_table}" WHERE "flush_at_ms" <= %s), '  # noqa: S608
    f'EXISTS (SELECT 1 FROM "{OutboxMessage._meta.db_table}" '
    f'WHERE "status" = \'{QUEUED}\' AND "next_try_at_ms" <= %s)'
)


def is_anything_due(now_ms: int) -> bool:
    """Whether a group is to be told about or a message may be sent."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, (now_ms, now_ms))
        return any(cursor.fetchone())
