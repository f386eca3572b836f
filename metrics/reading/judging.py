"""Judges the alerts of all clusters of a process, twice a second, and stores what has become of them.

A cluster is judged when something of it has changed, when time alone changes an alert, and in every slot
of SLOT_MS whatever happens; each slot leaves a proof in the database, by which another process sees that
rules are judged at all. What was found counts only when it is stored: while the database takes nothing,
nobody fires and nobody is resolved, and the next round finds the same again.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db import DatabaseError

from clusters.points import reached
from metrics.alerts import storing
from metrics.alerts.causes import cause_by_rulebook
from metrics.alerts.effective import ClusterTerms
from metrics.alerts.evaluate import ClusterAlerts, Outcome, Quiet, all_keys, evaluate, quieted, shifted
from metrics.alerts.rules import Rule, default_terms, rulebook
from metrics.alerts.storing import CauseOf, ClusterTransitions
from metrics.alerts.values import AlertKey, Seen, Transition
from metrics.database import DatabaseThread
from metrics.reading.window import Window
from metrics.reading.wishes import Wishes

ROUND_SECONDS = 0.5
SLOT_MS = 15_000
JUMP_MS = 1_000
"""By how much the machine's clock may be off what has passed before it was set."""
SLICE_SECONDS = 0.002
KEYS_AT_ONCE = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rulebook:
    """The rules, and what storing asks of them: the cause of an alert."""

    rules: Mapping[str, Rule]
    cause_of: CauseOf


def shipped_rulebook() -> Rulebook:
    """The one that comes with the portal."""
    return Rulebook(rulebook(), cause_by_rulebook)


class Clock:
    """Tells by how much somebody has set the machine's clock, by one that nobody sets."""

    def __init__(self, wall_ms: int, steady_ms: int) -> None:
        self._ahead_ms = wall_ms - steady_ms

    def jumped_ms(self, wall_ms: int, steady_ms: int) -> int:
        """How far it was set since the last call: forward, back where negative, 0 where it was not."""
        by = wall_ms - steady_ms - self._ahead_ms
        self._ahead_ms += by
        return by if abs(by) >= JUMP_MS else 0


class Judge:
    """Judges the windows of one worker. Lives on the loop; the database is asked through its thread."""

    def __init__(
        self,
        windows: Mapping[int, Window],
        *,
        owner: str,
        database: DatabaseThread,
        book: Rulebook,
        drop: Callable[[int], None],
        now_ms: Callable[[], int],
        steady_ms: Callable[[], int],
    ) -> None:
        self._windows = windows
        self._owner = owner
        self._database = database
        self._book = book
        self._drop = drop
        self._now_ms = now_ms
        self._steady_ms = steady_ms
        self._clock = Clock(now_ms(), steady_ms())
        self._jumped_ms = 0
        self._slot_at_ms = 0
        self._wishes = Wishes(default_terms(book.rules), database)

    async def terms_for(self, cluster_id: int) -> ClusterTerms:
        """What holds for the rules in a cluster that is about to be read."""
        await self._wishes.ask([*self._windows, cluster_id], self._now_ms())
        return self._wishes.terms_of(cluster_id)

    async def run(self) -> None:
        """Judge until cancelled."""
        while True:
            began = time.monotonic()
            try:
                await self.judge()
            except DatabaseError as error:
                log.warning("the database takes no alerts (%s); nothing is judged", type(error).__name__)
            await asyncio.sleep(max(0.1, ROUND_SECONDS - (time.monotonic() - began)))

    async def judge(self) -> None:
        """One round: look at every cluster that is due, and store what came of it."""
        now_ms = self._now_ms()
        reached("round-begun")
        self._note_jump(now_ms)
        await self._wishes.ask(list(self._windows), now_ms)
        is_slot = now_ms >= self._slot_at_ms or self._jumped_ms != 0
        judged = await self._judge_due(now_ms, is_slot=is_slot)
        reached("clusters-judged")
        self._take_over(judged, await self._store(judged, now_ms, is_slot=is_slot))
        self._jumped_ms = 0
        if is_slot:
            self._slot_at_ms = now_ms - now_ms % SLOT_MS + SLOT_MS

    async def _store(self, judged: "Sequence[_Judged]", now_ms: int, *, is_slot: bool) -> set[int]:
        """In a slot all of it, for the proof; else only where something has happened."""
        found = [one.found for one in judged if is_slot or one.found.transitions]
        if not found:
            return set()
        return await self._database.run(
            storing.store_transitions, found, self._owner, self._book.cause_of, now_ms
        )

    def _note_jump(self, now_ms: int) -> None:
        by = self._clock.jumped_ms(now_ms, self._steady_ms())
        if by:
            log.warning("the clock was set by %d ms", by)
            self._jumped_ms += by
            for window in self._windows.values():
                window.alerting.shift(by, now_ms)

    async def _judge_due(self, now_ms: int, *, is_slot: bool) -> "list[_Judged]":
        """In slices: the loop's other work waits no longer than one of them."""
        pause = _Pause()
        judged: list[_Judged] = []
        for cluster_id, window in list(self._windows.items()):
            try:
                self._bring_terms(cluster_id, window, now_ms)
                await pause.if_long()
                if is_slot or window.alerting.is_due(now_ms) or self._unheard(cluster_id, window):
                    judged.append(await self._judge_window(cluster_id, window, now_ms, pause))
            except Exception:  # The outermost frame of one cluster's alerts; its proof is then missing.
                log.exception("the alerts of cluster %d cannot be judged", cluster_id)
        return judged

    def _bring_terms(self, cluster_id: int, window: Window, now_ms: int) -> None:
        terms = self._wishes.terms_of(cluster_id)
        if terms is not window.alerting.terms:
            window.alerting.change_terms(terms, window.reading.mirror.everything(), now_ms)

    async def _judge_window(self, cluster_id: int, window: Window, now_ms: int, pause: "_Pause") -> "_Judged":
        alerts, transitions = self._prepared(cluster_id, window, now_ms)
        seen = window.look(now_ms)
        place = window.alerting.place
        outcome = Outcome(alerts, [], None)
        if seen is not None:
            outcome = await _evaluated(alerts, seen, window.alerting.terms, now_ms, pause)
        found = ClusterTransitions(
            cluster_id=cluster_id,
            cluster=window.identity.uuid,
            fence=window.identity.fence,
            transitions=[*transitions, *outcome.transitions],
            evaluated_at_ms=now_ms,
        )
        return _Judged(window, found, outcome.after, outcome.next_due_ms, place)

    def _prepared(
        self, cluster_id: int, window: Window, now_ms: int
    ) -> tuple[ClusterAlerts, list[Transition]]:
        """The alerts before this round, by the clock as it is now and without what people have resolved."""
        alerts, transitions = window.alerting.alerts, list[Transition]()
        if self._jumped_ms:
            alerts, transitions = shifted(alerts, self._jumped_ms, now_ms)
        if new := self._unheard(cluster_id, window):
            alerts, rearmed = quieted(alerts, new, now_ms)
            transitions += rearmed
        return alerts, transitions

    def _unheard(self, cluster_id: int, window: Window) -> dict[AlertKey, Quiet]:
        """What people have resolved there and this window does not know of yet."""
        found = self._wishes.by_hand.get(cluster_id, {})
        return {key: one for key, one in found.items() if key not in window.alerting.alerts.quiet}

    def _take_over(self, judged: "Sequence[_Judged]", refused: set[int]) -> None:
        """It is stored: now it counts."""
        self._wishes.by_hand = {}
        for one in judged:
            cluster_id = one.found.cluster_id
            if self._windows.get(cluster_id) is not one.window:
                continue
            if cluster_id in refused:
                log.warning("cluster %d is judged by another worker now", cluster_id)
                self._drop(cluster_id)
                continue
            one.window.alerting.judged(one.alerts, due_ms=one.due_ms, place=one.place)
        reached("alerts-taken-over")


@dataclass(frozen=True)
class _Judged:
    """What a round found in one cluster, until it is stored."""

    window: Window
    found: ClusterTransitions
    alerts: ClusterAlerts
    due_ms: int | None
    place: tuple[int, int]


class _Pause:
    """Lets the loop do something else whenever a slice of time is used up."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def if_long(self) -> None:
        if time.perf_counter() - self._began > SLICE_SECONDS:
            await asyncio.sleep(0)
            self._began = time.perf_counter()


async def _evaluated(
    alerts: ClusterAlerts, seen: Seen, terms: ClusterTerms, now_ms: int, pause: _Pause
) -> Outcome:
    """All alerts of a cluster judged, a portion at a time."""
    keys = list(all_keys(alerts, seen))
    transitions: list[Transition] = []
    due_ms: list[int] = []
    for start in range(0, len(keys), KEYS_AT_ONCE):
        part = evaluate(alerts, seen, terms, now_ms, keys=keys[start : start + KEYS_AT_ONCE])
        alerts = part.after
        transitions += part.transitions
        due_ms += [part.next_due_ms] if part.next_due_ms is not None else []
        await pause.if_long()
    return Outcome(alerts, transitions, min(due_ms, default=None))
