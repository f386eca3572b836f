"""What the hub reads from the database: the clusters' cards and names, and the users' access epochs."""

from collections.abc import Collection
from dataclasses import dataclass, field

from clusters.access.models import User
from clusters.models import Cluster, ClusterState
from clusters.state.picture import ClusterValues
from clusters.state.summary import decode_summary
from metrics.live.frames import encode_card
from metrics.live.shelf import Card

_STATE = (
    "fence",
    "number",
    "health",
    "connection",
    "connection_since_ms",
    "last_read_at_ms",
    "next_try_at_ms",
)
_NOT_COLUMNS = ("uuid", "summary")


@dataclass
class CardReader:
    """Reads the cards of all clusters, and makes anew only those whose row is another than last time."""

    _seen: dict[str, tuple[object, ...]] = field(default_factory=dict)

    def read(self) -> "Reading":
        """All clusters there are, and the cards that are new since the last reading."""
        marks = {
            str(row[0]): _mark(row)
            for row in Cluster.objects.values_list("uuid", *(f"state__{name}" for name in _STATE))
        }
        changed = [uuid for uuid, mark in marks.items() if self._seen.get(uuid) != mark]
        rows = Cluster.objects.filter(uuid__in=changed).select_related("state")
        cards = [_card(row) for row in rows.iterator(chunk_size=200)]
        self._seen = marks
        return Reading(uuids=set(marks), cards=cards)


def _mark(row: tuple[object, ...]) -> tuple[object, ...]:
    """What tells a row from another. While a cluster is live it is read all the time: no news."""
    named = dict(zip(("uuid", *_STATE), row, strict=True))
    if named["connection"] == "live":
        del named["last_read_at_ms"]
    return tuple(named.values())


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
