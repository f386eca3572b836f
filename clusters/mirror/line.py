"""The state of the line to one cluster, since when and why. Pure; the clock is an argument."""

from collections.abc import Iterable

import msgspec

SYNCING = "syncing"
LIVE = "live"
STALE = "stale"
UNREACHABLE = "unreachable"
PAUSED = "paused"
NEVER_REACHED = "never_reached"


class Line(msgspec.Struct):
    """How reading one cluster goes. Times are UTC milliseconds of our clock."""

    state: str = NEVER_REACHED
    reason: str = ""
    message: str = ""
    since_ms: int | None = None
    last_read_at_ms: int | None = None
    next_try_at_ms: int | None = None

    def read(self, now_ms: int, *, states: Iterable[str]) -> bool:
        """The cluster answered, and its kinds are in these `states`; True where that is news."""
        kinds = set(states)
        if kinds == {"refused"}:
            message = "The API server lets us read nothing. Grant it: manage.py print_cluster_role."
            return self._become(UNREACHABLE, "forbidden_403", message, now_ms)
        self.last_read_at_ms = now_ms
        self.next_try_at_ms = None
        if "syncing" in kinds:
            return self._become(SYNCING, "", "", now_ms)
        if kinds <= {"stale", "refused", "unread"}:
            return self._become(
                STALE, "protocol", "The API server answers, but no list or watch works.", now_ms
            )
        return self._become(LIVE, "", "", now_ms)

    def failed(self, now_ms: int, reason: str, message: str, next_try_at_ms: int) -> bool:
        """The cluster could not be read; True where that is news."""
        self.next_try_at_ms = next_try_at_ms
        was_read = self.last_read_at_ms is not None
        return self._become(UNREACHABLE if was_read else NEVER_REACHED, reason, message, now_ms)

    def _become(self, state: str, reason: str, message: str, now_ms: int) -> bool:
        is_news = (state, reason) != (self.state, self.reason)
        if state != self.state or self.since_ms is None:
            self.since_ms = now_ms
        self.state, self.reason, self.message = state, reason, message[:500]
        return is_news
