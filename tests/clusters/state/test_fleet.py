"""The fleet is the sum of what is readable now, and says what it left out."""

import itertools
import random
from datetime import datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from clusters.state.fleet import FLEET_CAUSES_SHOWN, Fleet, fleet_picture
from clusters.state.parts import part_of_card, step_between
from clusters.state.picture import ClusterValues, cluster_picture
from clusters.state.resource import HEALTHS
from clusters.state.summary import Cause, Cpu, HealthCounts, KindState, Memory, Summary

_serial = itertools.count(1)


def a_card(uuid: str = "", *, cpu_used: float | None = 1.0, nodes: int = 2, causes=(), hidden=0, **facts):
    """A live cluster's card; `hidden` causes are counted but not on it."""
    summary = Summary(
        nodes=HealthCounts(healthy=nodes), nodes_ready=nodes, pods=HealthCounts(healthy=10),
        cpu=Cpu(cpu_used, 2.0, 4.0), memory=Memory(1, 2, 4), causes=list(causes),
        causes_total=len(causes) + hidden,
    )  # fmt: skip
    ordinary = {"health": "healthy", "connection": "live", "taken_at_ms": 5_000, "summary": summary}
    return cluster_picture(ClusterValues(uuid=uuid or f"u-{next(_serial)}", **{**ordinary, **facts}))


def a_lost_card(**facts):
    """A cluster that was read once and cannot be read now."""
    return a_card(
        **{
            "health": "no_data", "connection": "unreachable", "connection_reason": "refused",
            "connection_since_ms": 9_000, **facts,
        }
    )  # fmt: skip


def a_cause(health: str = "critical", since_ms: int | None = 1_000, name: str = "web") -> Cause:
    return Cause(health, "CrashLoopBackOff", "Deployment", "shop", name, "Pod", 3, since_ms)


def test_a_cluster_that_cannot_be_read_leaves_the_totals_and_is_named() -> None:
    fleet = fleet_picture([a_card(), a_card(), a_lost_card(uuid="lost")])

    assert fleet["nodes"]["total"] == 4
    assert (fleet["clusters"]["current"], fleet["clusters"]["total"]) == (2, 3)
    assert fleet["verdict"]["code"] == "no_data"
    assert [(cause["cluster"], cause["reason"]) for cause in fleet["causes"]] == [("lost", "refused")]


def test_a_sum_that_one_cluster_does_not_know_is_partial() -> None:
    fleet = fleet_picture([a_card(cpu_used=1.5), a_card(cpu_used=None)])

    assert fleet["cpu"]["used_cores"] == 1.5
    assert (fleet["cpu"]["partial"], fleet["cpu"]["left_out"]) == (True, {"used_cores": 1})
    assert fleet["memory"]["partial"] is False


def test_a_sum_that_nobody_knows_is_unknown() -> None:
    fleet = fleet_picture([a_card(cpu_used=None), a_card(cpu_used=None)])

    assert fleet["cpu"]["used_cores"] is None
    assert fleet["cpu"]["requested_cores"] == 4.0


def test_without_any_readable_cluster_every_total_is_unknown() -> None:
    fleet = fleet_picture([a_lost_card(), a_lost_card()])

    assert fleet["nodes"]["total"] is None
    assert fleet["verdict"]["code"] == "nothing_read"


def test_an_empty_fleet_has_nothing_and_says_so() -> None:
    fleet = fleet_picture([])

    assert fleet["verdict"]["code"] == "no_clusters"
    assert fleet["nodes"]["total"] == 0
    assert fleet["as_of"] is None


def test_causes_come_worst_first_then_newest() -> None:
    fleet = fleet_picture(
        [
            a_card("a", health="degraded", causes=[a_cause("degraded", 9_000, "late")]),
            a_card("b", health="critical", causes=[a_cause("critical", 2_000), a_cause("critical", 1_000)]),
            a_card("c", health="critical", causes=[a_cause("critical", 3_500), a_cause("critical", None)]),
        ]
    )

    assert [(cause["cluster"], cause["since"]) for cause in fleet["causes"]] == [
        ("c", "1970-01-01T00:00:03.500Z"), ("b", "1970-01-01T00:00:02Z"), ("b", "1970-01-01T00:00:01Z"),
        ("c", None), ("a", "1970-01-01T00:00:09Z"),
    ]  # fmt: skip
    assert fleet["verdict"]["code"] == "critical"
    assert [cause["cluster"] for cause in fleet["verdict"]["params"]["leading"]] == ["c", "b"]


def test_a_kind_that_is_refused_makes_the_pods_partial() -> None:
    refused = Summary(nodes=HealthCounts(healthy=1), kinds={"Pod": KindState("refused")})

    fleet = fleet_picture([a_card(), a_card(summary=refused)])

    assert fleet["pods"]["total"] == 10
    assert fleet["pods"]["left_out"]["total"] == 1


def test_causes_that_a_card_does_not_show_are_counted_all_the_same() -> None:
    many = [a_cause(since_ms=1_000 * second) for second in range(15, 0, -1)]
    fleet = fleet_picture([a_card("a", causes=many, hidden=30), a_card("b", causes=many), a_lost_card()])

    assert len(fleet["causes"]) == FLEET_CAUSES_SHOWN
    assert fleet["causes_total"] == 45 + 15 + 1


def test_causes_of_a_cluster_that_cannot_be_read_are_no_longer_counted() -> None:
    fleet = fleet_picture([a_lost_card(causes=[a_cause(), a_cause()], hidden=10)])

    assert (len(fleet["causes"]), fleet["causes_total"]) == (1, 1)


def test_a_step_is_followed_by_a_fleet_that_stands_elsewhere() -> None:
    first, second, third = (
        part_of_card(msgspec.json.encode(a_card("a", nodes=nodes))) for nodes in (1, 2, 3)
    )
    fleet = Fleet()
    fleet.put_part(first)
    fleet.apply(step_between("a", second, third))

    assert fleet.picture()["nodes"]["total"] == 3


UUIDS = [f"u-{number:02d}" for number in range(30)]
CORES = st.none() | st.floats(0, 10**6, allow_nan=False)
CAUSES = st.lists(
    st.builds(a_cause, st.sampled_from(HEALTHS[:2]), st.none() | st.integers(0, 30).map(lambda n: n * 500)),
    max_size=4,
)
CARDS = st.builds(
    a_card,
    st.sampled_from(UUIDS),
    cpu_used=CORES,
    nodes=st.integers(0, 9),
    causes=CAUSES,
    hidden=st.integers(0, 3),
    health=st.sampled_from(HEALTHS),
    connection=st.sampled_from(["live", "syncing", "stale", "unreachable", "never_reached", "paused"]),
    connection_since_ms=st.integers(0, 10**4),
    taken_at_ms=st.none() | st.integers(0, 10**4),
)


def a_crowd(seed: int):
    """More clusters in trouble than a fleet shows causes; some know many, most know one."""
    dice = random.Random(seed)
    return [
        a_card(
            uuid,
            causes=[a_cause("critical", dice.randint(0, 30) * 500) for _ in range(dice.choice([1, 1, 8]))],
        )
        for uuid in UUIDS
    ]


CROWDS = st.just([]) | st.integers(0, 10**9).map(a_crowd)
STEPS = st.builds(list.__add__, CROWDS, st.lists(CARDS | st.sampled_from(UUIDS), max_size=30))
AUDIENCES = st.lists(st.frozensets(st.sampled_from(UUIDS), min_size=1), min_size=1, max_size=4)


def counted_anew(cards):
    """The fleet's picture by the plainest sums there are."""
    read = [card for card in cards if is_read(card)]
    causes = sorted((cause for card in cards for cause in causes_of(card)), key=lambda found: found[0])
    shown = [cause for _, cause in causes[:FLEET_CAUSES_SHOWN]]
    lost = sum(len(causes_of(card)) for card in cards if not is_read(card))
    latest = max((card["as_of"] for card in cards if card["as_of"]), key=as_ms, default=None)
    return {
        "clusters": {
            "total": len(cards),
            "current": len(read),
            **{health: sum(card["health"] == health for card in cards) for health in HEALTHS},
        },
        **{group: sums(group, read, cards) for group in ("nodes", "pods", "workloads", "cpu", "memory")},
        "causes": shown,
        "causes_total": lost + sum(card["causes_total"] for card in read),
        "as_of": latest,
    }


def is_read(card) -> bool:
    return (
        card["connection"]["state"] in ("live", "syncing") and card["health"] != "no_data" and card["as_of"]
    )


def as_ms(moment) -> int:
    return 0 if moment is None else round(datetime.fromisoformat(moment).timestamp() * 1000)


def causes_of(card):
    """Each with what it is sorted by."""
    causes = card["causes"] if is_read(card) else []
    if not is_read(card) and card["health"] == "no_data":
        line = card["connection"]
        causes = [
            {
                "health": "no_data", "reason": line["reason"] or line["state"], "kind": "Cluster",
                "namespace": "", "name": "", "counted_kind": "Cluster", "count": 1,
                "message": line["message"], "since": line["since"],
            }
        ]  # fmt: skip
    return [
        (
            (HEALTHS.index(cause["health"]), -as_ms(cause["since"]), card["id"], index),
            {"cluster": card["id"], **cause},
        )
        for index, cause in enumerate(causes)
    ]


def sums(group, read, cards):
    """Each figure of a group over the clusters that know it."""
    scale = 10**9 if group == "cpu" else 1
    figures = {key: [card[group][key] for card in read] for key in a_card()[group]}
    unknown = {key: values.count(None) for key, values in figures.items()}
    left_out = {key: count for key, count in unknown.items() if 0 < count < len(read)}
    totals = {
        key: sum(round(value * scale) for value in values if value is not None)
        for key, values in figures.items()
    }
    shown = {
        key: None if cards and unknown[key] == len(read) else total / scale if group == "cpu" else total
        for key, total in totals.items()
    }
    return {**shown, "partial": bool(left_out), "left_out": left_out}


def as_read(picture):
    """As whoever reads the JSON finds it, without the verdict, which has tests of its own."""
    found = msgspec.json.decode(msgspec.json.encode(picture))
    del found["verdict"]
    return found


@given(steps=STEPS)
def test_adding_and_taking_away_ends_where_counting_anew_does(steps) -> None:
    fleet, cards = Fleet(), {}
    for step in steps:
        if isinstance(step, str):
            fleet.drop(step)
            cards.pop(step, None)
        else:
            fleet.put(step)
            cards[step["id"]] = step
        fleet.picture()

    assert fleet.picture() == fleet_picture(cards.values())
    assert as_read(fleet.picture()) == counted_anew(list(cards.values()))


@given(steps=STEPS, audiences=AUDIENCES)
def test_each_audience_that_follows_the_same_steps_has_the_sums_of_what_it_sees(steps, audiences) -> None:
    fleets, parts, cards = [Fleet() for _ in audiences], {}, {}
    for change in steps:
        uuid = change if isinstance(change, str) else change["id"]
        before, after = parts.pop(uuid, None), None
        cards.pop(uuid, None)
        if not isinstance(change, str):
            after = parts[uuid] = part_of_card(msgspec.json.encode(change), before)
            cards[uuid] = change
        step = step_between(uuid, before, after)
        for visible, fleet in zip(audiences, fleets, strict=True):
            if uuid in visible:
                fleet.apply(step)
                fleet.picture()

    for visible, fleet in zip(audiences, fleets, strict=True):
        seen = [card for uuid, card in cards.items() if uuid in visible]
        assert msgspec.json.encode(fleet.picture()) == msgspec.json.encode(fleet_picture(seen))
        assert as_read(fleet.picture()) == counted_anew(seen)
