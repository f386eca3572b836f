"""What `python -m tests.killing` understands and prints."""

import argparse
import contextlib
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from tests.killing.matrix import Case, Outcome, Runner, cases_of
from tests.killing.places import Place, embedded
from tests.killing.points import POINTS, RISKIEST
from tests.killing.production import production
from tests.killing.upsets import UPSETS

PLACES: dict[str, Callable[[], AbstractContextManager[Place]]] = {
    "embedded": embedded,
    "production": production,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 1 where something was lost, told too often or in a wrong order."""
    given = _parsed(arguments)
    points = RISKIEST if given.short else tuple(given.points) or POINTS
    cases = list(cases_of(points, given.victims, given.times))
    print(f"{len(cases)} cases: {len(points)} points, {', '.join(given.victims)} killed, at {given.place}.")
    began = time.monotonic()
    outcomes = run(PLACES[given.place], cases, side_by_side=given.side_by_side)
    print(summary(outcomes, time.monotonic() - began))
    return 1 if any(outcome.faults for outcome in outcomes) or len(outcomes) < len(cases) else 0


def run(
    place: Callable[[], AbstractContextManager[Place]], cases: Sequence[Case], *, side_by_side: int
) -> list[Outcome]:
    """All cases, at as many places as are asked for."""
    waiting: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        waiting.put(case)
    outcomes: list[Outcome] = []
    starting = threading.Lock()

    def work() -> None:
        with contextlib.ExitStack() as stack:
            with starting:  # One after the other: a start takes a whole processor for a while.
                runner = Runner(stack.enter_context(place()))
                runner.warm_up()
            for case in _taken(waiting):
                outcomes.append(runner.run(case))
                print(line_of(outcomes[-1]), flush=True)

    threads = [threading.Thread(target=work) for _ in range(min(side_by_side, len(cases)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def line_of(outcome: Outcome) -> str:
    """One case."""
    case = outcome.case
    when = "end" if case.at_end else "beginning"
    seconds = "-" if outcome.seconds is None else f"{outcome.seconds:.1f} s"
    said = "; ".join(outcome.faults) or "kept"
    return f"{case.point:20} {case.victim:10} {when:9} {seconds:>7}  {outcome.extra} extra  {said}"


def summary(outcomes: Sequence[Outcome], seconds: float) -> str:
    """All of them."""
    faults = Counter(fault for outcome in outcomes for fault in outcome.faults)
    longest = max((one.seconds for one in outcomes if one.seconds is not None), default=0.0)
    lines = [
        f"{len(outcomes)} cases in {seconds:.0f} s: {sum(1 for one in outcomes if one.faults)} with a fault, "
        f"{sum(one.extra for one in outcomes)} extra copies, told again within {longest:.1f} s at the latest."
    ]
    lines += [f"  {count} × {fault}" for fault, count in faults.most_common()]
    return "\n".join(lines)


def _taken(waiting: "queue.SimpleQueue[Case]") -> Iterator[Case]:
    with contextlib.suppress(queue.Empty):
        while True:
            yield waiting.get_nowait()


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.killing", description="Kill and see what is lost.")
    parser.add_argument(
        "points", nargs="*", metavar="POINT", help=f"Default: all. Also: {', '.join(UPSETS)}."
    )
    parser.add_argument("--place", choices=sorted(PLACES), default="embedded")
    parser.add_argument("--victims", nargs="+", default=["worker"], metavar="PROCESS")
    parser.add_argument(
        "--times", type=int, default=10, help="Each; every second one at the end of a trouble."
    )
    parser.add_argument("--side-by-side", type=int, default=2, help="So many portals share the cases.")
    parser.add_argument("--short", action="store_true", help="Only the riskiest points.")
    return parser.parse_args(arguments)
