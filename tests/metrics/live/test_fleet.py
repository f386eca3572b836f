"""Who is told of what, and how often."""

import json
from collections.abc import Callable

import msgspec
import pytest

from metrics.live.fleet import LONGEST_PAUSE_SECONDS, MEASURED_EVERY, SHORTEST_PAUSE_SECONDS, FleetFanout
from metrics.live.frames import Frame, encode_card
from metrics.live.shelf import Shelf
from metrics.live.slots import Bundle
from tests.metrics.live.builders import values


class World:
    """A fan-out whose clock moves when told."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.spent = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.shelf = Shelf()
        self.fanout = FleetFanout(
            shelf=self.shelf,
            now_ms=lambda: round(self.seconds * 1000),
            spent_seconds=lambda: self.spent,
            call_later=lambda wait, run: self.timers.append((self.seconds + wait, run)),
        )

    def change(self, uuid: str, number: int, health: str = "healthy") -> None:
        """One frame of a cluster."""
        card, brief = encode_card(values(uuid, number=number, health=health))
        self.shelf.take_frame(Frame(1, uuid, 1, number, 0, card, brief, b"[]"), self.seconds)
        self.fanout.changed(uuid)

    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        until = self.seconds + seconds
        while due := sorted(
            (timer for timer in self.timers if timer[0] <= until), key=lambda timer: timer[0]
        ):
            self.timers.remove(due[0])
            self.seconds = due[0][0]
            due[0][1]()
        self.seconds = until


class Page:
    """Remembers what it was offered."""

    def __init__(self) -> None:
        self.bundles: list[Bundle] = []

    def offer(self, bundle: Bundle) -> None:
        self.bundles.append(bundle)

    @property
    def told(self) -> list[list[str]]:
        """The clusters of each bundle."""
        return [sorted(bundle.uuids) for bundle in self.bundles]


class SpendingPage(Page):
    """Its task sends in a turn of its own, and that takes CPU time."""

    def __init__(self, world: World, cpu_seconds: float) -> None:
        super().__init__()
        self.world = world
        self.cpu_seconds = cpu_seconds

    def offer(self, bundle: Bundle) -> None:
        super().offer(bundle)
        self.world.timers.append((self.world.seconds, self._send))

    def _send(self) -> None:
        self.world.spent += self.cpu_seconds


def test_a_first_change_is_told_at_once_and_more_after_a_pause() -> None:
    world, page = World(), Page()
    world.fanout.join(page, frozenset("ab"))
    world.change("a", 1)
    assert page.told == [["a"]]

    world.change("b", 1)
    world.change("a", 2)
    assert page.told == [["a"]]
    world.pass_time(SHORTEST_PAUSE_SECONDS)

    assert page.told == [["a"], ["a", "b"]]
    assert "1.2" in page.bundles[1].texts[0]


def test_the_pause_grows_with_what_the_pages_spend_on_sending() -> None:
    world = World()
    page = SpendingPage(world, cpu_seconds=1.0)
    world.fanout.join(page, frozenset("a"))
    for number in range(1, MEASURED_EVERY + 1):
        world.change("a", number)
        world.pass_time(SHORTEST_PAUSE_SECONDS)
    told_before = len(page.bundles)
    world.change("a", MEASURED_EVERY + 1)
    world.pass_time(LONGEST_PAUSE_SECONDS - 2 * SHORTEST_PAUSE_SECONDS)
    assert len(page.bundles) == told_before

    world.pass_time(2 * SHORTEST_PAUSE_SECONDS)
    assert len(page.bundles) == told_before + 1


def test_the_pause_shrinks_as_soon_as_a_flush_is_cheap_again() -> None:
    world = World()
    page = SpendingPage(world, cpu_seconds=1.0)
    world.fanout.join(page, frozenset("a"))
    for number in range(1, MEASURED_EVERY + 1):
        world.change("a", number)
        world.pass_time(LONGEST_PAUSE_SECONDS)
    page.cpu_seconds = 0.0
    world.change("a", 10)
    world.pass_time(LONGEST_PAUSE_SECONDS + SHORTEST_PAUSE_SECONDS)
    told_before = len(page.bundles)
    world.change("a", 11)
    world.change("a", 12)
    world.pass_time(SHORTEST_PAUSE_SECONDS)

    assert len(page.bundles) == told_before + 2


def test_one_who_joins_makes_no_pause_shorter() -> None:
    world, page = World(), Page()
    world.fanout.join(page, frozenset("a"))
    world.change("a", 1)
    world.change("a", 2)
    world.fanout.join(Page(), frozenset("ab"))
    assert len(page.bundles) == 2, "what waited is told before somebody is counted in"

    world.change("a", 3)
    assert len(page.bundles) == 2
    world.pass_time(SHORTEST_PAUSE_SECONDS)
    assert len(page.bundles) == 3
    assert len(world.timers) == 1, "one flush, one pause"


def test_a_card_that_cannot_be_read_stops_nothing() -> None:
    world, page = World(), Page()
    world.fanout.join(page, frozenset("ab"))
    world.shelf.take_frame(Frame(1, "a", 1, 1, 0, b"{}", b"{}", b"[]"), world.seconds)
    with pytest.raises(msgspec.ValidationError):
        world.fanout.changed("a")
    world.change("b", 1)
    world.pass_time(SHORTEST_PAUSE_SECONDS)

    assert page.told == [["b"]]


def test_no_clock_runs_while_nobody_looks() -> None:
    world = World()
    world.change("a", 1)

    assert world.timers == []


def test_those_who_see_the_same_get_the_same_text() -> None:
    world, one, two, other = World(), Page(), Page(), Page()
    world.fanout.join(one, frozenset("ab"))
    world.fanout.join(two, frozenset("ab"))
    world.fanout.join(other, frozenset("b"))
    world.change("a", 1)

    assert one.bundles[0] is two.bundles[0]
    assert other.bundles == []


def test_totals_are_those_of_the_visible_clusters() -> None:
    world, page = World(), Page()
    world.change("hidden", 1, "critical")
    world.change("a", 1)
    world.fanout.join(page, frozenset("ab"))
    world.pass_time(1)
    world.change("b", 1, "degraded")

    fleet = json.loads(page.bundles[-1].texts[0])["fleet"]
    assert (fleet["clusters"]["total"], fleet["clusters"]["critical"]) == (2, 0)
    assert fleet["verdict"]["code"] == "degraded"


def test_a_cluster_that_is_gone_leaves_the_totals() -> None:
    world, page = World(), Page()
    world.change("a", 1)
    world.change("b", 1)
    world.fanout.join(page, frozenset("ab"))
    world.pass_time(1)
    for uuid in world.shelf.drop_all_but({"a"}):
        world.fanout.changed(uuid)
    world.pass_time(1)

    message = json.loads(page.bundles[-1].texts[0])
    assert message["clusters"] == []
    assert message["fleet"]["clusters"]["total"] == 1


def test_one_who_left_is_told_nothing() -> None:
    world, page = World(), Page()
    audience = world.fanout.join(page, frozenset("a"))
    world.fanout.leave(page, audience)
    world.change("a", 1)

    assert page.bundles == []


def test_one_who_joins_while_changes_wait_counts_them_once() -> None:
    world, early, late = World(), Page(), Page()
    world.fanout.join(early, frozenset("ab"))
    world.change("a", 1)
    world.change("b", 1, "critical")
    audience = world.fanout.join(late, frozenset("b"))

    assert json.loads(audience.picture_texts({}, 0)[0])["fleet"]["clusters"]["critical"] == 1
    assert early.told == [["a"], ["b"]], "the others are told before"
