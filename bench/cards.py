"""What one changed card costs the web process: the steps to the totals and texts of each audience.

`python -m bench.cards` prints microseconds per changed card for 1 and 20 audiences, beside a yardstick of the
same run that tells how fast the machine is just now: decoding the card whole.
"""

import random
import time
from collections.abc import Callable
from functools import partial

import msgspec

from clusters.state.picture import ClusterValues
from clusters.state.summary import CAUSES_SHOWN, Cause, HealthCounts, KindState, Summary
from metrics.live.fleet import FleetFanout
from metrics.live.frames import encode_card
from metrics.live.shelf import Card, Shelf
from metrics.live.slots import Bundle

CLUSTERS = 210
CHANGES = 4_000
BUNDLED = 4
"""Changed cards a flush: 500 a second, collected for 8 ms."""
KINDS = ("Node", "Namespace", "Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob")


class Page:
    """A page that takes what it is offered."""

    def offer(self, bundle: Bundle) -> None:
        """Nothing is sent."""


def main() -> None:
    """Measure and print."""
    cards = [_card(number) for number in range(CHANGES)]
    decode_us = _us_each(lambda: [msgspec.json.decode(card.payload) for card in cards])
    print(f"decoding a card of {len(cards[0].payload):,} bytes whole: {decode_us:.1f} µs")
    for audiences in (1, 20):
        fan_out_us = _us_each(partial(_fan_out, cards, audiences))
        print(f"{audiences:2} audiences: {fan_out_us:.1f} µs per changed card")


def _us_each(job: Callable[[], object]) -> float:
    began = time.thread_time()
    job()
    return (time.thread_time() - began) * 1e6 / CHANGES


def _fan_out(cards: list[Card], audiences: int) -> None:
    shelf, timers = Shelf(), list[Callable[[], None]]()
    fanout = FleetFanout(
        shelf=shelf,
        now_ms=lambda: 0,
        spent_seconds=lambda: 0.0,
        call_later=lambda _, run: timers.append(run),
    )
    for number in range(audiences):
        visible = (_uuid(index) for index in range(CLUSTERS) if index % 20 != number or audiences == 1)
        fanout.join(Page(), frozenset(visible))
    for count, card in enumerate(cards):
        shelf.take_row(card)
        fanout.changed(card.uuid)
        if count % BUNDLED == 0:
            while timers:
                timers.pop()()


def _card(number: int) -> Card:
    """A step of one of the clusters; every second one changes its causes."""
    index, at_ms = number % CLUSTERS, 1_795_000_000_000 + number
    dice = random.Random(index * 1_000 + number // CLUSTERS // 2)
    causes = [_cause(cause, dice.randint(0, 10**6)) for cause in range(CAUSES_SHOWN)]
    causes.sort(key=lambda cause: -(cause.since_ms or 0))
    summary = Summary(
        version="v1.36.3", nodes=HealthCounts(healthy=30), nodes_ready=30, causes=causes,
        kinds={kind: KindState(state="live", since_ms=at_ms) for kind in KINDS}, node_strip="h" * 30,
        pods=HealthCounts(healthy=1_990 - number % 7, degraded=10 + number % 7),
        workloads=HealthCounts(healthy=200), causes_total=CAUSES_SHOWN + number % 3,
    )  # fmt: skip
    values = ClusterValues(
        uuid=_uuid(index), health="degraded", connection="live", fence=1, number=number + 1,
        taken_at_ms=at_ms, last_read_at_ms=at_ms, summary=summary,
    )  # fmt: skip
    return Card(index, values.uuid, 1, number + 1, at_ms, *encode_card(values))


def _cause(number: int, age_ms: int) -> Cause:
    return Cause(
        health="degraded", reason="CrashLoopBackOff", kind="Deployment", namespace=f"team-{number}",
        name=f"checkout-{number}", counted_kind="Pod", count=3, since_ms=1_795_000_000_000 - age_ms,
        message="back-off 5m0s restarting failed container",
    )  # fmt: skip


def _uuid(index: int) -> str:
    return f"00000000-0000-4000-8000-{index:012d}"


if __name__ == "__main__":
    main()
