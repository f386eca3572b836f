"""The latest events of one object, and the command that shows the same."""

import shlex

from clusters.api.reads import state_of
from clusters.kinds import kind_named
from clusters.models import Resource
from clusters.state.resource import Resource as State

EVENTS_SHOWN = 10


def kubectl_line(resource: State) -> str:
    """What to type to see it with one's own eyes. Names are the cluster's, so they are quoted."""
    try:
        kind = kind_named(resource.kind)
    except KeyError:
        return ""
    plural = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    words = ["kubectl", "describe", plural, resource.name]
    return shlex.join([*words, "--namespace", resource.namespace] if kind.namespaced else words)


def latest_events(row: Resource) -> list[Resource]:
    """The events about one object, newest first, at most ten.

    Those of an object without a namespace are in `default`. Another object that had the same name
    before is told apart by its uid, where the event gives one.
    """
    named = Resource.objects.filter(
        cluster_id=row.cluster_id,
        kind="Event",
        namespace=row.namespace or "default",
        workload=f"{row.kind}/{row.name}",
    )
    seen = ((event, state_of(event)) for event in named)
    about = [pair for pair in seen if getattr(pair[1], "regarding_uid", "") in ("", row.uid)]
    newest_first = sorted(about, key=lambda pair: _last_seen_ms(pair[1]), reverse=True)
    return [event for event, _state in newest_first[:EVENTS_SHOWN]]


def _last_seen_ms(event: State) -> int:
    return getattr(event, "last_seen_ms", None) or event.since_ms or 0
