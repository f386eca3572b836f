"""What is wrong with telling anybody, as every page's banner says it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

WAITS_TOO_LONG_MS = 60_000


@dataclass(frozen=True)
class Health:
    """How one destination has been doing."""

    name: str
    is_enabled: bool = True
    failing_since_ms: int | None = None
    is_out: bool = False
    """It refuses, or has failed for so long that others are told in its stead."""
    last_answer: str = ""
    next_try_at_ms: int = 0


@dataclass(frozen=True)
class DeliveryTrouble:
    """`what`: stuck (nobody sends), nothing (no destination takes anything) or some. `names` are affected."""

    what: str
    since_ms: int
    names: tuple[str, ...] = ()
    last_answer: str = ""
    next_try_at_ms: int | None = None

    @property
    def sentence(self) -> str:
        """For people; the times are shown beside it."""
        if self.what == "stuck":
            return "Messages wait and nobody sends them: look whether a worker runs."
        if self.what == "nothing":
            return f"Nothing can be delivered: {self.last_answer or 'no destination answers'}"
        named = ", ".join(self.names[:3]) + (
            f" and {len(self.names) - 3} more" if len(self.names) > 3 else ""
        )
        return f"Messages do not reach {named}: {self.last_answer or 'no answer'}"


def delivery_trouble(
    destinations: Sequence[Health], *, oldest_due_ms: int | None, now_ms: int
) -> DeliveryTrouble | None:
    """What to warn of; None where messages arrive. `oldest_due_ms` is since when anything could have left."""
    if oldest_due_ms is not None and now_ms - oldest_due_ms > WAITS_TOO_LONG_MS:
        return DeliveryTrouble("stuck", oldest_due_ms)
    enabled = [one for one in destinations if one.is_enabled]
    failing = [one for one in enabled if one.failing_since_ms is not None]
    out = [one for one in failing if one.is_out]
    if not out:
        return None
    what = "nothing" if len(failing) == len(enabled) else "some"
    told = failing if what == "nothing" else out
    first = min(told, key=lambda one: one.failing_since_ms or 0)
    return DeliveryTrouble(
        what=what,
        since_ms=first.failing_since_ms or now_ms,
        names=tuple(sorted(one.name for one in told)),
        last_answer=first.last_answer,
        next_try_at_ms=min(one.next_try_at_ms for one in told),
    )
