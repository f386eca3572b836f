"""What the verdicts of all kinds share. The rules of each family are in verdicts_*.py."""

from clusters.state.ages import MINUTE_MS, SECOND_MS, moment_ms
from clusters.state.objects import Condition, Metadata
from clusters.state.resource import DEGRADED, HEALTHY, PENDING, Turn, Verdict

PATIENCE_MS = 15 * MINUTE_MS
"""How long a workload may be short of what it wants, unchanged, before that is a fault."""
TERMINATION_SLACK_MS = 30 * SECOND_MS
"""The deletion timestamp already holds the grace period; this is for the cleaning up after it."""


def healthy(reason: str = "", since_ms: int | None = None) -> Verdict:
    """Nothing is wrong."""
    return Verdict(HEALTHY, reason, since_ms)


def motion(reason: str, since_ms: int | None, turn: Turn, now_ms: int) -> Verdict:
    """Pending until the turn, and then what the turn says. Its reason must be fit to keep already."""
    if turn.at_ms > now_ms:
        return Verdict(PENDING, reason, since_ms, (turn,))
    since_ms = since_ms if turn.reason == reason else turn.at_ms
    return Verdict(turn.health, turn.reason, since_ms)


def terminating(metadata: Metadata, now_ms: int, slack_ms: int = TERMINATION_SLACK_MS) -> Verdict:
    """Going away in time, or stuck."""
    at_ms = moment_ms(metadata.deletion_timestamp)
    due_ms = (now_ms if at_ms is None else at_ms) + slack_ms
    return motion("Terminating", at_ms, Turn(due_ms, DEGRADED, "StuckTerminating"), now_ms)


def transition_ms(one: Condition | None) -> int | None:
    """When a condition last turned."""
    return None if one is None else moment_ms(one.last_transition_time)
