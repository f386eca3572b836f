"""What was before, as far as rules ask for it: when fields changed, and what held a moment ago. Pure.

Kept only of what did change or did hold, and only as long as any rule looks back.
"""

from collections import deque
from typing import Any, NamedTuple

MOST_CHANGES = 64
"""Of one field of one object; more within the time that rules look back is as much as this."""


class Past(NamedTuple):
    """A field became another."""

    at_ms: int
    before: Any


class Memory:
    """The past of one cluster's objects, by uid."""

    def __init__(self) -> None:
        self.look_back_ms: float = 0
        """The longest time that any rule looks back."""
        self._changes: dict[str, dict[str, deque[Past]]] = {}
        self._held: dict[str, dict[int, int | None]] = {}

    def __len__(self) -> int:
        return len(self._changes) + len(self._held)

    def changed(self, uid: str, field: str, *, before: Any, now_ms: int) -> None:
        """A field has just become another."""
        fields = self._changes.setdefault(uid, {})
        past = fields.get(field)
        if past is None:
            past = fields[field] = deque(maxlen=MOST_CHANGES)
        past.append(Past(now_ms, before))

    def changed_ms(self, uid: str, field: str) -> int | None:
        """When a field last changed; None where that is longer ago than we know."""
        past = self._changes.get(uid, _NOTHING).get(field)
        return past[-1].at_ms if past else None

    def since(self, uid: str, field: str, after_ms: float) -> list[Past]:
        """The changes of a field after a moment, the oldest first."""
        past = self._changes.get(uid, _NOTHING).get(field, ())
        return [one for one in past if one.at_ms > after_ms]

    def has_held(self, uid: str) -> bool:
        """Whether anything holds, or has held lately, for an object."""
        return uid in self._held

    def holds(self, uid: str, what: int) -> None:
        """Something holds for an object now."""
        self._held.setdefault(uid, {})[what] = None

    def held_until_ms(self, uid: str, what: int, now_ms: int) -> int | None:
        """What held before does not now: when that ended, as far as was seen. None where it never held."""
        held = self._held.get(uid)
        if held is None or what not in held:
            return None
        ended_ms = held[what]
        if ended_ms is None:
            ended_ms = held[what] = now_ms
        return ended_ms

    def forget(self, now_ms: int) -> None:
        """Forget what no rule looks back to any more."""
        before_ms = now_ms - self.look_back_ms
        for uid, fields in list(self._changes.items()):
            for field in [field for field, past in fields.items() if past[-1].at_ms <= before_ms]:
                del fields[field]
            if not fields:
                del self._changes[uid]
        for uid, held in list(self._held.items()):
            for what in [what for what, at_ms in held.items() if at_ms is not None and at_ms <= before_ms]:
                del held[what]
            if not held:
                del self._held[uid]

    def shift(self, by_ms: int) -> None:
        """The clock was set by so much: what was a minute ago is still a minute ago."""
        for fields in self._changes.values():
            for field, past in fields.items():
                moved = (Past(one.at_ms + by_ms, one.before) for one in past)
                fields[field] = deque(moved, maxlen=MOST_CHANGES)
        for held in self._held.values():
            held.update({what: at_ms + by_ms for what, at_ms in held.items() if at_ms is not None})

    def drop(self, uid: str) -> None:
        """Forget an object that is gone."""
        self._changes.pop(uid, None)
        self._held.pop(uid, None)


_NOTHING: dict[str, deque[Past]] = {}
