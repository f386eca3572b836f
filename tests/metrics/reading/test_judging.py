"""Judging the windows of a process: when, what is stored, and what a broken database changes (nothing)."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connections

from clusters.models import Lease
from clusters.state.summary import KindState
from metrics.alerts.evaluate import ClusterAlerts
from metrics.alerts.models import Alert, AlertEvent, AlertGroup, Evaluation, RuleSetting
from metrics.alerts.rows import restore
from metrics.database import DatabaseThread
from metrics.reading.judging import Clock, Judge, Rulebook
from metrics.reading.window import Window
from tests.builders import an_object
from tests.metrics.reading.rules import PODS, a_rulebook, an_alerting
from tests.metrics.reading.windows import OWNER, a_window

pytestmark = pytest.mark.django_db(transaction=True)

T0 = 1_700_000_000_000


class Now:
    """The machine's clock in these tests."""

    def __init__(self) -> None:
        self.ms = T0

    def __call__(self) -> int:
        return self.ms


class Failing(DatabaseThread):
    """A database that takes nothing while it is down."""

    is_down = False

    async def run(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.is_down:
            raise OperationalError("the database is down")
        return await super().run(work, *args, **kwargs)


class Process:
    """One window, and the judge over it."""

    def __init__(self, window: Window) -> None:
        self.now = Now()
        self.set_by_ms = 0
        self.window = window
        self.windows = {window.identity.cluster_id: window}
        self.database = Failing()
        self.use(a_rulebook())

    def use(self, book: Rulebook, *, alerts: ClusterAlerts | None = None) -> None:
        """Go on by these rules, as a window that has just been opened does."""
        mirror = self.window.reading.mirror
        mirror.kinds["Pod"] = KindState("live")
        self.window.alerting = an_alerting(self.window.identity.cluster_id, book, alerts)
        for one in mirror.everything():
            self.window.heed(None, one)
        self.judge = Judge(
            self.windows, owner=OWNER, database=self.database, book=book,
            drop=lambda cluster_id: self.windows.pop(cluster_id) and None, now_ms=self.now,
            steady_ms=lambda: self.now.ms - self.set_by_ms,
        )  # fmt: skip

    async def restored(self) -> ClusterAlerts:
        return await sync_to_async(restore)(self.window.identity.cluster_id)

    async def settle(self) -> None:
        """Let the line be live for long enough."""
        await self.judge.judge()
        await self.after(3_000)

    async def after(self, ms: int) -> None:
        self.now.ms += ms
        await self.judge.judge()

    def put(self, name: str, health: str) -> None:
        change = self.window.reading.mirror.put(an_object("Pod", name, uid=name, health=health), self.now.ms)
        if change is not None:
            self.window.on_change(change)


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    process = Process(await sync_to_async(a_window)())
    await process.settle()
    yield process
    process.database.stop()
    process.window.stop()
    await sync_to_async(connections.close_all)()


async def states() -> list[str]:
    rows = Alert.objects.order_by("pk").values_list("state", flat=True)
    return await sync_to_async(list)(rows)


async def test_a_change_is_judged_in_the_next_round(process: Process) -> None:
    process.put("web-1", "critical")
    await process.after(1_000)
    assert await states() == ["firing"]

    process.put("web-1", "healthy")
    await process.after(1_000)
    assert await states() == ["resolved"]


async def test_a_round_without_a_change_writes_nothing_until_the_slot(process: Process) -> None:
    async def proof() -> int:
        return (await sync_to_async(Evaluation.objects.get)()).evaluated_at_ms

    before = await proof()
    await process.after(1_000)
    assert await proof() == before

    await process.after(15_000)
    assert await proof() == process.now.ms


async def test_news_that_changes_no_alert_is_written_only_in_the_slot(process: Process) -> None:
    process.put("web-1", "critical")
    await process.after(1_000)
    before = (await sync_to_async(Evaluation.objects.get)()).evaluated_at_ms
    process.window.on_news()
    process.database.is_down = True
    process.now.ms += 100

    await process.judge.judge()

    process.database.is_down = False
    assert not process.window.alerting.is_due(process.now.ms), "it was judged"
    assert (await sync_to_async(Evaluation.objects.get)()).evaluated_at_ms == before


async def test_what_the_database_did_not_take_is_found_again(process: Process) -> None:
    process.put("web-1", "critical")
    process.database.is_down = True
    for _ in range(3):
        with pytest.raises(OperationalError):
            await process.after(1_000)
    process.put("web-2", "critical")
    process.database.is_down = False

    await process.after(1_000)

    assert await states() == ["firing", "firing"]
    assert process.window.alerting.alerts == await process.restored()


async def test_a_cluster_that_is_lost_resolves_nothing_and_has_to_settle_when_it_is_back(
    process: Process,
) -> None:
    process.put("web-1", "critical")
    await process.after(1_000)
    process.window.reading.line.state = "unreachable"
    process.window.on_news()
    await process.after(1_000)
    assert await states() == ["unknown", "firing"], "the pod's, and that the line is lost"

    process.put("web-1", "healthy")
    process.window.reading.line.state = "live"
    process.window.on_news()
    await process.after(1_000)
    assert await states() == ["unknown", "firing"], "its watches have yet to tell what happened"
    await process.after(2_999)
    assert await states() == ["unknown", "firing"]
    await process.after(1)
    assert await states() == ["resolved", "resolved"]


async def test_a_clock_that_is_set_forward_fires_nothing_early(process: Process) -> None:
    process.use(a_rulebook(wait="1m"))
    await process.settle()
    process.put("web-1", "critical")
    await process.after(1_000)
    process.set_by_ms = 3_600_000
    await process.after(3_600_000 + 59_000)
    assert await states() == ["pending"]

    await process.after(1_000)

    assert await states() == ["firing"], "a minute after it was first seen, by a clock that nobody sets"


async def test_what_fires_goes_on_firing_while_another_window_is_taken_up(process: Process) -> None:
    process.put("web-1", "critical")
    await process.after(1_000)
    process.window.reading.well.clear()
    process.use(a_rulebook(), alerts=await process.restored())

    await process.settle()
    process.window.reading.well.set()
    await process.settle()
    await process.settle()

    trail = AlertEvent.objects.values_list("what", flat=True)
    assert await sync_to_async(list)(trail) == ["fired"]


async def test_another_window_goes_on_where_the_last_one_stopped(process: Process) -> None:
    process.use(a_rulebook(wait="1m"))
    await process.settle()
    process.put("web-1", "critical")
    await process.after(1_000)

    process.use(a_rulebook(wait="1m"), alerts=await process.restored())
    await process.after(59_000)
    assert await states() == ["pending"], "its watches have yet to tell what happened"
    await process.after(3_000)
    assert await states() == ["firing"]


async def test_rules_that_ask_for_the_past_end_nothing_before_they_know_it(process: Process) -> None:
    process.use(a_rulebook(when="{held: [{field: health, is: critical}], within: 10m}"))
    await process.settle()
    process.put("web-1", "critical")
    await process.after(1_000)
    process.put("web-1", "healthy")
    await process.after(1_000)
    assert await states() == ["firing"]

    restored = await process.restored()
    process.use(a_rulebook(when="{held: [{field: health, is: critical}], within: 10m}"), alerts=restored)
    await process.settle()
    await process.after(9 * 60_000)
    assert await states() == ["firing"], "it held within 10 minutes, as far as anybody knows"
    await process.after(60_000)
    assert await states() == ["resolved"]


async def test_another_worker_s_cluster_is_dropped_and_nothing_of_it_is_stored(process: Process) -> None:
    await sync_to_async(Lease.objects.update)(fence=99)
    process.put("web-1", "critical")

    await process.after(1_000)

    assert await states() == []
    assert process.windows == {}


async def test_a_rule_that_is_switched_off_ends_its_alerts_within_seconds(process: Process) -> None:
    process.put("web-1", "critical")
    await process.after(1_000)
    await sync_to_async(RuleSetting.objects.create)(rule=PODS, is_off=True, changed_at_ms=T0)

    await process.after(2_000)
    await process.after(1_000)

    alert = await sync_to_async(Alert.objects.get)()
    assert (alert.state, alert.end_reason) == ("resolved", "rule_off")


async def test_what_a_person_resolves_stays_quiet_while_it_holds(process: Process) -> None:
    process.put("web-1", "critical")
    await process.after(1_000)
    await sync_to_async(Alert.objects.update)(
        state="resolved", end_reason="by_hand", quiet_until_ms=T0 + 86_400_000
    )
    await sync_to_async(AlertGroup.objects.update)(state="resolved")

    for _ in range(4):
        await process.after(15_000)
    assert await states() == ["resolved"]

    for health in ("healthy", "critical"):
        process.put("web-1", health)
        await process.after(1_000)
    assert await states() == ["resolved", "firing"]


async def test_the_loop_goes_on_while_thousands_of_alerts_are_judged(process: Process) -> None:
    for number in range(6_000):
        process.put(f"web-{number}", "critical")
    pauses: list[float] = []

    async def beat() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            pauses.append(time.perf_counter() - began)

    beating = asyncio.create_task(beat())
    await process.after(1_000)
    beating.cancel()

    assert len(await states()) == 6_000
    assert sorted(pauses)[len(pauses) * 95 // 100] < 0.05


def test_a_clock_that_somebody_sets_is_told_from_time_that_passes() -> None:
    clock = Clock(T0, 5_000)

    assert clock.jumped_ms(T0 + 60_000, 65_000) == 0
    assert clock.jumped_ms(T0 + 61_000 + 3_600_000, 66_000) == 3_600_000
    assert clock.jumped_ms(T0 + 62_000 + 3_600_000, 67_000) == 0
    assert clock.jumped_ms(T0 + 63_000, 68_000) == -3_600_000
    assert clock.jumped_ms(T0 + 64_010, 69_000) == 0, "clocks drift"
