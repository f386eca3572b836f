"""What the hub reads from the database: the clusters' cards and names, and the users' access epochs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from clusters.access.models import User
from clusters.models import Cluster, ClusterState
from clusters.state.picture import ClusterValues
from clusters.state.summary import decode_summary
from metrics.live.frames import encode_card
from metrics.live.shelf import Card

_STATE = (
    "fence",
    "number",
    "taken_at_ms",
    "health",
    "connection",
    "connection_since_ms",
    "last_read_at_ms",
    "next_try_at_ms",
)
_NOT_COLUMNS = ("uuid", "summary")

Stamp = tuple[int, int, int]


@dataclass
class CardReader:
    """Reads the cards of all clusters, and makes anew only those whose row is another than last time."""

    _seen: dict[str, tuple[object, ...]] = field(default_factory=dict)

    def read(self, stamps: Mapping[str, Stamp]) -> "Reading":
        """All clusters there are, and the cards that are new since the last reading.

        Of a cluster that is live nothing is written but what its frames tell: where they have told as
        much (`stamps`: fence, number and moment of the card), its row is no news.
        """
        columns = Cluster.objects.values_list("uuid", *(f"state__{name}" for name in _STATE))
        states = {str(row[0]): dict(zip(_STATE, row[1:], strict=True)) for row in columns}
        marks = {uuid: _mark(state) for uuid, state in states.items()}
        changed = [
            uuid
            for uuid, mark in marks.items()
            if self._seen.get(uuid) != mark and not _is_told(states[uuid], stamps.get(uuid))
        ]
        rows = Cluster.objects.filter(uuid__in=changed).select_related("state")
        cards = [_card(row) for row in rows.iterator(chunk_size=200)]
        self._seen = marks
        return Reading(uuids=set(marks), cards=cards)


def _mark(state: Mapping[str, Any]) -> tuple[object, ...]:
    """What tells a row from another. While a cluster is live it is read all the time: no news."""
    is_live = state["connection"] == "live"
    return tuple(value for name, value in state.items() if not (is_live and name == "last_read_at_ms"))


def _is_told(state: Mapping[str, Any], stamp: Stamp | None) -> bool:
    if stamp is None or state["connection"] != "live":
        return False
    return (state["fence"], state["number"], state["taken_at_ms"] or 0) <= stamp


@dataclass(frozen=True)
class Reading:
    """One look at the rows."""

    uuids: set[str]
    cards: list[Card]


def read_epochs(user_ids: Collection[int]) -> dict[int, int]:
    """The access epoch of each of these users who is still active."""
    users = User.objects.filter(pk__in=user_ids, is_active=True)
    return dict(users.values_list("pk", "access_epoch"))


def _card(cluster: Cluster) -> Card:
    state = getattr(cluster, "state", None) or ClusterState(cluster=cluster)
    payload, brief = encode_card(_values(str(cluster.uuid), state))
    return Card(
        cluster.pk, str(cluster.uuid), state.fence, state.number, state.taken_at_ms or 0, payload, brief
    )


def _values(uuid: str, state: ClusterState) -> ClusterValues:
    columns = {
        name: getattr(state, name) for name in ClusterValues.__struct_fields__ if name not in _NOT_COLUMNS
    }
    return ClusterValues(uuid=uuid, summary=decode_summary(state.summary), **columns)
