"""What a receiver heard of one trouble, and whether that keeps what is promised. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

BEGINNINGS = ("firing", "fired_and_resolved")
ENDS = ("resolved", "fired_and_resolved")
MOST_COPIES = 2


class Heard(NamedTuple):
    """One request as it came."""

    message: str
    state: str


def faults_of(heard: Sequence[Heard]) -> list[str]:
    """What is wrong with what was heard of a trouble that began and ended; in order of arrival."""
    states = [one.state for one in heard]
    faults = []
    if not any(state in BEGINNINGS for state in states):
        faults.append("lost: its beginning was never told")
    if not any(state in ENDS for state in states):
        faults.append("lost: its end was never told")
    if "resolved" in states and "firing" not in states[: states.index("resolved")]:
        faults.append("resolved before firing")
    copies = Counter(one.message for one in heard)
    faults += [f"{count} copies of one message" for count in copies.values() if count > MOST_COPIES]
    ids = {one.message: one.state for one in heard}
    for state, count in Counter(ids.values()).items():
        if count > 1:
            faults.append(f"{count} different messages that say {state}")
    return faults


def extra_copies(heard: Sequence[Heard]) -> int:
    """How many requests were copies of an earlier one."""
    return len(heard) - len({one.message for one in heard})
