"""Which silence keeps an alert quiet. Pure.

Matchers are Alertmanager's: `severity=warning`, `cluster!=prod-eu`, `namespace=~shop-.*`, `node!~ip-10-.*`.
Regular expressions match the whole value and are RE2's, which takes linear time whatever is asked of it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import re2

MATCHERS_AT_MOST = 20
LONGEST_VALUE = 300
LONGEST_MS = 366 * 86_400_000
NAMES = ("rule", "severity", "cluster", "namespace", "kind", "name", "node", "workload", "image", "source")

_MATCHER = re.compile(r"\s*([A-Za-z_][\w.-]*(?:/[\w.-]+)?)\s*(=~|!~|!=|=)\s*(.*)", re.DOTALL)


class SilenceError(ValueError):
    """A silence that cannot be; the message says why and what would do."""


@dataclass(frozen=True)
class Matcher:
    """One condition on one label. A label that is not there is empty."""

    name: str
    op: str
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet it."""
        given = labels.get(self.name, "")
        if self.op in ("=", "!="):
            return (given == self.value) == (self.op == "=")
        return (_expression(self.value).fullmatch(given) is not None) == (self.op == "=~")

    @property
    def text(self) -> str:
        """As people write it."""
        return f"{self.name}{self.op}{self.value}"


@dataclass(frozen=True)
class ActiveSilence:
    """A silence as it is asked about alerts."""

    id: int
    matchers: tuple[Matcher, ...]
    starts_at_ms: int
    ends_at_ms: int

    def covers(self, labels: Mapping[str, str], now_ms: int) -> bool:
        """Whether it keeps such an alert quiet at `now_ms`."""
        if not self.starts_at_ms <= now_ms < self.ends_at_ms:
            return False
        return bool(self.matchers) and all(matcher.holds(labels) for matcher in self.matchers)


def silence_of(labels: Mapping[str, str], silences: Iterable[ActiveSilence], now_ms: int) -> int | None:
    """The id of the silence that keeps an alert quiet the longest, or None."""
    covering = [silence for silence in silences if silence.covers(labels, now_ms)]
    return max(covering, key=lambda silence: (silence.ends_at_ms, silence.id)).id if covering else None


def labels_of(*, alert: Mapping[str, str], cluster: str, cluster_labels: Mapping[str, str]) -> dict[str, str]:
    """The labels of one alert: NAMES, and those of its cluster under their own names.

    `alert` has the alert's own values by NAMES; a cluster's label never hides one of them.
    """
    own = {name: alert.get(name, "") for name in NAMES}
    if not own["workload"] and own["namespace"]:
        own["workload"] = f"{own['kind']}/{own['name']}"  # As that of its pods, where it is one itself.
    return {**cluster_labels, **own, "cluster": cluster}


def parse_matcher(text: str) -> Matcher:
    """One matcher as people write it. Raises SilenceError.

    >>> parse_matcher("severity=warning")
    Matcher(name='severity', op='=', value='warning')
    """
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise SilenceError(
            f"{text[:80]!r} is not a matcher; write name=value, name!=value, name=~regex or name!~regex."
        )
    name, op, value = found[1], found[2], found[3].strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    return checked_matcher(name, op, value)


def checked_matcher(name: object, op: object, value: object) -> Matcher:
    """A matcher of parts that came from outside. Raises SilenceError."""
    if not (isinstance(name, str) and isinstance(op, str) and isinstance(value, str)):
        raise SilenceError("A matcher has name, op and value, all of them text.")
    if op not in ("=", "!=", "=~", "!~"):
        raise SilenceError(f"{op[:10]!r} is not an operator; use =, !=, =~ or !~.")
    if not name or len(name) > LONGEST_VALUE or len(value) > LONGEST_VALUE:
        raise SilenceError(
            f"A matcher's name and value have at most {LONGEST_VALUE} characters, its name at least one."
        )
    if op in ("=~", "!~"):
        try:
            _expression(value)
        except re2.error as error:
            raise SilenceError(
                f"{value[:80]!r} is not a regular expression (RE2): {_reason(error)}."
            ) from None
    return Matcher(name, op, value)


def check_matchers(matchers: Iterable[Matcher]) -> tuple[Matcher, ...]:
    """The matchers of one silence. Raises SilenceError where they would keep everything quiet by mistake."""
    found = tuple(matchers)
    if not found:
        raise SilenceError(
            "A silence needs a matcher, such as cluster=prod-eu; without one it would cover everything."
        )
    if len(found) > MATCHERS_AT_MOST:
        raise SilenceError(f"A silence has at most {MATCHERS_AT_MOST} matchers.")
    if all(matcher.holds({}) for matcher in found):
        raise SilenceError("At least one matcher must not match what has no such label, as name=~.* does.")
    return found


def check_times(*, starts_at_ms: int, ends_at_ms: int | None, now_ms: int) -> int:
    """The end of a silence that may last so long. Raises SilenceError."""
    if ends_at_ms is None:
        raise SilenceError("A silence needs an end; one without is how alerts get lost.")
    if ends_at_ms <= max(starts_at_ms, now_ms):
        raise SilenceError("A silence must end later than it begins, and later than now.")
    if ends_at_ms - starts_at_ms > LONGEST_MS:
        raise SilenceError("A silence lasts at most a year.")
    return ends_at_ms


_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 1 << 20


def _expression(text: str) -> "re2._Regexp[str]":
    return re2.compile(text, options=_OPTIONS)


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return (reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason))[:120]
