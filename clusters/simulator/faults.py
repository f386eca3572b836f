"""What can go wrong on the wire. A fault is data: which requests it meets, and what they get instead.

Faults of the whole port (`refuse`, `accept_silent`, `freeze`, `certificate`) are played by the cluster;
those of single requests are in `spoiling` (answers) and `disturbing` (watches).
"""

import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from clusters.simulator.apiserver import target_of
from clusters.simulator.wire import Request

PORT_FAULTS = frozenset({"refuse", "accept_silent", "freeze", "certificate"})
ANSWER_FAULTS = frozenset(
    {
        "status", "throttle", "unauthorized", "forbidden", "gone", "html", "redirect", "other_json",
        "truncated", "bad_utf8", "not_a_number", "byte_order_mark", "duplicate_keys", "deep", "bad_object",
        "gzip_bomb", "many_headers", "drip_headers", "drip_body", "reset", "no_answer", "delay", "clock_skew",
        "close_idle",
    }
)  # fmt: skip
WATCH_FAULTS = frozenset(
    {
        "watch_garbage", "watch_blank_lines", "watch_endless_line", "watch_silent", "watch_no_bookmarks",
        "watch_bookmarks_only", "watch_half_event", "watch_closed", "watch_flood", "watch_unknown_type",
        "watch_wrong_kind", "watch_twice", "watch_backwards", "watch_unknown_deleted", "watch_gone",
    }
)  # fmt: skip
ALL = PORT_FAULTS | ANSWER_FAULTS | WATCH_FAULTS
_numbers = count(1)


class NoFault(ValueError):
    """A fault that is not known. Says which are."""


@dataclass
class Fault:
    """One fault in force.

    `resource` (plural), `group`, `verb` (list, page, watch, get), and `path` (a regular expression) narrow
    which requests it meets; `times` lets it end by itself after so many.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    times: int | None = None
    number: int = field(default_factory=lambda: next(_numbers))

    def meets(self, request: Request) -> bool:
        """Whether this request is to suffer."""
        if self.times == 0 or self.name in PORT_FAULTS:
            return False
        verb = _verb(request)
        if self.name in WATCH_FAULTS and verb != "watch":
            return False
        return self._verb_meets(verb) and self._place_meets(request)

    def take(self) -> None:
        """Count one request as met."""
        if self.times is not None:
            self.times -= 1

    def _verb_meets(self, verb: str) -> bool:
        wanted = self.settings.get("verb")
        return wanted in (None, verb) or (wanted == "list" and verb == "page")

    def _place_meets(self, request: Request) -> bool:
        wanted = self.settings
        if "path" in wanted and not re.search(str(wanted["path"]), request.path):
            return False
        if "resource" not in wanted and "group" not in wanted:
            return True
        target = target_of(request.path)
        if target is None:
            return False
        plural, group = wanted.get("resource"), wanted.get("group")
        return plural in (None, target.served.plural) and group in (None, target.served.group)


def fault(described: dict[str, Any]) -> Fault:
    """A fault as it is described: `{fault: status, code: 503, resource: pods, times: 2}`."""
    settings = {key: value for key, value in described.items() if key not in ("fault", "cluster", "times")}
    name = str(described.get("fault", ""))
    if name not in ALL:
        raise NoFault(f"no fault is called {name!r}; known are: {', '.join(sorted(ALL))}")
    return Fault(name, settings, described.get("times"))


def _verb(request: Request) -> str:
    target = target_of(request.path)
    if target is None or target.name:
        return "get"
    if request.query.get("watch") in ("1", "true"):
        return "watch"
    return "page" if "continue" in request.query else "list"
