"""How much one host is asked at a time: a book of what is under way and what came of it. Pure.

One dead host must neither take all the threads nor be asked a thousand times; some products shut out an
address that goes on asking (Discord: 10,000 refusals in ten minutes), and with it every tenant.
"""

from dataclasses import dataclass, field

MOST_AT_ONCE = 96
MOST_AT_ONCE_FAILING = 4
"""So many are tried at a host at which nothing succeeds."""
TROUBLED_AFTER = 20
REFUSALS_AT_MOST = 2_000
REFUSALS_WINDOW_MS = 600_000
REFUSING = frozenset({401, 403, 404, 429})


@dataclass
class _Host:
    under_way: int = 0
    failures: int = 0
    refusals: int = 0
    window_ends_at_ms: int = 0


@dataclass
class HostBook:
    """By host, what is under way and what came of the last tries."""

    _hosts: dict[str, _Host] = field(default_factory=dict)

    def may_ask(self, host: str, now_ms: int) -> bool:
        """Whether one more request may leave for it now."""
        known = self._hosts.get(host)
        if known is None:
            return True
        if known.refusals >= REFUSALS_AT_MOST and now_ms < known.window_ends_at_ms:
            return False
        most = MOST_AT_ONCE_FAILING if known.failures >= TROUBLED_AFTER else MOST_AT_ONCE
        return known.under_way < most

    def begins(self, host: str) -> None:
        """A request leaves."""
        self._hosts.setdefault(host, _Host()).under_way += 1

    def never_began(self, host: str) -> None:
        """A request that was counted did not leave after all."""
        known = self._hosts.get(host)
        if known is not None:
            known.under_way = max(0, known.under_way - 1)

    def ends(self, host: str, *, status: int | None, is_fine: bool, now_ms: int) -> None:
        """It came back, or did not."""
        known = self._hosts.setdefault(host, _Host())
        known.under_way = max(0, known.under_way - 1)
        known.failures = 0 if is_fine else known.failures + 1
        if now_ms >= known.window_ends_at_ms:
            known.refusals, known.window_ends_at_ms = 0, now_ms + REFUSALS_WINDOW_MS
        known.refusals += status in REFUSING
        if not known.under_way and not known.failures and not known.refusals:
            del self._hosts[host]
