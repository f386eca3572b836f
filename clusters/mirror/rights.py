"""What we may read, by the API server's own review, and what of it has been taken away since.

An API server does not end a watch when the right to it goes: without asking, that would show when the
watch is opened anew, 5 to 10 minutes later. A review tells of all kinds at once. It is a hint, no more:
authorizers other than RBAC may leave out what they grant, so only what a review has named before and
leaves out now counts, and the watch that is then opened anew decides.
"""

from collections.abc import Iterable

import msgspec

from clusters.kinds.kind import Kind

REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
REVIEW_LIMIT_BYTES = 256 << 10
# A review is of one namespace and of what holds for all. What holds in this one alone would mislead, so
# it is one that nobody binds roles in: it need not be there.
REVIEW_BODY = msgspec.json.encode(
    {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "topmast-asks-what-it-may-read"},
    }
)

_ANY = "*"


class _Rule(msgspec.Struct):
    verbs: list[str] | None = None
    apiGroups: list[str] | None = None
    resources: list[str] | None = None
    resourceNames: list[str] | None = None


class _Status(msgspec.Struct):
    resourceRules: list[_Rule] | None = None


class _Review(msgspec.Struct):
    status: _Status


class Rights:
    """What the last review granted of some kinds."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = tuple(kinds)
        self._granted: frozenset[str] = frozenset()

    def taken_away(self, body: bytes | bytearray) -> frozenset[str]:
        """The names of the kinds that this review grants no longer. Nothing where it cannot be understood."""
        try:
            rules = msgspec.json.decode(body, type=_Review).status.resourceRules or []
        except (msgspec.DecodeError, UnicodeDecodeError):
            return frozenset()
        whole = [rule for rule in rules if not rule.resourceNames and _has(rule.verbs, "watch")]
        before = self._granted
        self._granted = frozenset(
            kind.name for kind in self._kinds if any(_is_about(rule, kind) for rule in whole)
        )
        return before - self._granted


def _is_about(rule: _Rule, kind: Kind) -> bool:
    return _has(rule.apiGroups, kind.group) and _has(rule.resources, kind.plural)


def _has(names: list[str] | None, name: str) -> bool:
    return names is not None and (name in names or _ANY in names)
