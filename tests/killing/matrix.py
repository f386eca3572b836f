"""One case after the other: a trouble begins and ends, and meanwhile somebody is killed at a point."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import uuid4

from tests.killing import troubles
from tests.killing.places import Place
from tests.killing.points import ONLY_BEGINNING, STARTING
from tests.killing.upsets import UPSETS
from tests.killing.verdicts import BEGINNINGS, ENDS, Heard, extra_copies, faults_of

REACHED_SECONDS = 25.0
GOES_ON_SECONDS = 30.0
QUIET_SECONDS = 1.5
STEADY_SECONDS = 31.0
QUICK_DEATHS = 3
"""After so many in a row whoever starts processes again takes its time: then they are left alone."""


@dataclass(frozen=True)
class Case:
    """Who dies where; at the beginning of a trouble or at its end."""

    point: str
    victim: str
    at_end: bool


@dataclass(frozen=True)
class Outcome:
    """What came of a case. `seconds` is from the kill until the receiver had heard what was due."""

    case: Case
    faults: Sequence[str]
    extra: int
    seconds: float | None


def cases_of(points: Sequence[str], victims: Sequence[str], times: int) -> Iterator[Case]:
    """Each point for each victim so many times, in turn at beginnings and at ends."""
    for number in range(times):
        for point in points:
            for victim in victims:
                yield Case(point, victim, at_end=bool(number % 2) and point not in ONLY_BEGINNING)


class Runner:
    """Runs cases at one place."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._deaths: dict[str, list[float]] = {}

    def warm_up(self) -> None:
        """A trouble from beginning to end with nobody killed: all goes."""
        name = _new_name()
        troubles.begin(self._place.cluster.control, name)
        assert self._hears(name, BEGINNINGS, within_seconds=60), self._place.processes.said()[-3000:]
        troubles.end(self._place.cluster.control, name)
        assert self._hears(name, ENDS, within_seconds=30), self._place.processes.said()[-3000:]

    def run(self, case: Case) -> Outcome:
        """One case, judged."""
        self._leave_alone(case.victim)
        name = _new_name()
        control = self._place.cluster.control
        faults: list[str] = []
        seconds: float | None = None
        for is_end, begin, words in ((False, troubles.begin, BEGINNINGS), (True, troubles.end, ENDS)):
            if is_end == case.at_end:
                seconds = self._with_a_kill(
                    case, lambda begin=begin: begin(control, name), faults, name, words
                )
            else:
                begin(control, name)
                self._hears(name, words, within_seconds=GOES_ON_SECONDS)
        time.sleep(QUIET_SECONDS)
        heard = self._place.heard_of(name)
        return Outcome(case, [*faults, *faults_of(heard)], extra_copies(heard), seconds)

    def _with_a_kill(
        self, case: Case, act: Callable[[], None], faults: list[str], name: str, words: Sequence[str]
    ) -> float | None:
        if case.point in UPSETS:
            return self._with_an_upset(case, act, faults, name, words)
        self._place.order(case.point, case.victim)
        act()
        if case.point in STARTING:
            self._kill_worker()
        if not _holds(self._place.is_carried_out, REACHED_SECONDS):
            faults.append("the point was not reached")
            self._place.withdraw()
        self._deaths.setdefault(case.victim, []).append(time.monotonic())
        return self._goes_on(faults, name, words)

    def _with_an_upset(
        self, case: Case, act: Callable[[], None], faults: list[str], name: str, words: Sequence[str]
    ) -> float:
        self._place.upset(case.point, case.victim)
        act()
        seconds = self._goes_on(faults, name, words)
        self._place.soothe(case.point)
        return seconds

    def _goes_on(self, faults: list[str], name: str, words: Sequence[str]) -> float:
        began = time.monotonic()
        if not self._hears(name, words, within_seconds=GOES_ON_SECONDS):
            faults.append(f"nothing went on within {GOES_ON_SECONDS:.0f} s")
            self._hears(name, words, within_seconds=GOES_ON_SECONDS)
        return time.monotonic() - began

    def _hears(self, name: str, words: Sequence[str], *, within_seconds: float) -> bool:
        return _holds(lambda: any(_is(words, one) for one in self._place.heard_of(name)), within_seconds)

    def _kill_worker(self) -> None:
        os.kill(self._place.processes.pids()["worker"], signal.SIGKILL)
        self._deaths.setdefault("worker", []).append(time.monotonic())

    def _leave_alone(self, victim: str) -> None:
        deaths = self._deaths.get(victim, [])
        if len(deaths) >= QUICK_DEATHS:
            time.sleep(max(0.0, deaths[-1] + STEADY_SECONDS + 2 - time.monotonic()))
            deaths.clear()


def _is(words: Sequence[str], one: Heard) -> bool:
    return one.state in words


def _holds(holds: Callable[[], bool], within_seconds: float) -> bool:
    until = time.monotonic() + within_seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _new_name() -> str:
    return f"case-{uuid4().hex[:10]}"
