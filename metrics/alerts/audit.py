"""Who changed what about alerting, written in the transaction that changes it."""

from collections.abc import Mapping

from clusters.access.models import User
from metrics.alerts.models import AuditEntry

PAGE, COMMAND, API = "page", "command", "api"


def audit(
    *, user: User | None, via: str, action: str, subject: str, params: Mapping[str, object], now_ms: int
) -> None:
    """Note one act. `user` is None for the operator at the command line; `params` hold no secret."""
    AuditEntry.objects.create(
        at_ms=now_ms, user=user, via=via, action=action, subject=subject[:200], params=dict(params)
    )
