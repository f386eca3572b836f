"""What holds for one rule in one place: the rulebook's own terms with what people changed of them. Pure.

The narrowest setting wins: a cluster's namespace, a cluster, some clusters' namespace, some clusters
(by their labels), a namespace everywhere, everywhere. Settings add up: what a narrow one does not name
comes from the next wider one. Between two of the same width the later one wins.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from metrics.alerts.values import SEVERITIES, AlertKey

FOR = "for_seconds"
KEEP = "keep_firing_for_seconds"
SEVERITY = "severity"
OWN_LIMITS = (FOR, KEEP, SEVERITY)
"""What every rule has; any other name is a limit that the rule's file gives."""

NO_DATA = ("unknown", "resolve", "fire")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """One rule as it is to be judged in one cluster and namespace."""

    rule: str
    severity: str
    for_ms: int = 0
    keep_firing_for_ms: int = 0
    no_data: str = "unknown"
    """What follows where a kind or figure it needs is not known: unknown, resolve or fire (as it was)."""
    reads_cluster: bool = True
    """False: it is about the line to the cluster itself, and can be judged while nothing is read."""
    is_off: bool = False
    limits: dict[str, float | int | str] = msgspec.field(default_factory=dict)


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody changed of one rule, everywhere or for some."""

    rule: str
    cluster_id: int | None = None
    selector: str = ""
    namespace: str = ""
    is_off: bool | None = None
    """None: as the wider settings have it."""
    limits: dict[str, float | int | str] = msgspec.field(default_factory=dict)
    changed_at_ms: int = 0


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster, as settings find it."""

    cluster_id: int
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)


TermsOf: TypeAlias = Callable[[AlertKey], Terms | None]
"""What holds for an alert; None where its rule is not in the rulebook any more."""


def resolve(defaults: Terms, settings: Sequence[Setting], *, place: Place, namespace: str) -> Terms:
    """The rule's own terms with every setting that reaches here, the narrowest last."""
    reaching = [one for one in settings if _reaches(one, defaults.rule, place, namespace)]
    reaching.sort(key=lambda one: (_width(one), one.changed_at_ms))
    terms = defaults
    for setting in reaching:
        terms = _with(terms, setting)
    return terms


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether a selector such as `env=dev,team=shop` finds a cluster with these labels.

    >>> selects("env=dev", {"env": "dev", "team": "shop"}), selects("env=dev,team=x", {"env": "dev"})
    (True, False)
    """
    wanted = [part.strip().partition("=") for part in selector.split(",") if part.strip()]
    return all(labels.get(name.strip()) == value.strip() for name, _, value in wanted)


class ClusterTerms:
    """The terms of all rules in one cluster, worked out when first asked for."""

    def __init__(self, defaults: Mapping[str, Terms], settings: Sequence[Setting], place: Place) -> None:
        self._defaults = defaults
        self._settings: dict[str, list[Setting]] = {}
        for setting in settings:
            self._settings.setdefault(setting.rule, []).append(setting)
        self._place = place
        self._known: dict[tuple[str, str], Terms | None] = {}

    def of(self, rule: str, namespace: str) -> Terms | None:
        """What holds for a rule in a namespace (empty: what has none); None for a rule that is no more."""
        try:
            return self._known[rule, namespace]
        except KeyError:
            terms = self._known[rule, namespace] = self._resolve(rule, namespace)
            return terms

    def __call__(self, key: AlertKey) -> Terms | None:
        """What holds for one alert."""
        return self.of(key.rule, key.subject.namespace)

    def _resolve(self, rule: str, namespace: str) -> Terms | None:
        defaults = self._defaults.get(rule)
        settings = self._settings.get(rule)
        if defaults is None or not settings:
            return defaults
        return resolve(defaults, settings, place=self._place, namespace=namespace)


def _reaches(setting: Setting, rule: str, place: Place, namespace: str) -> bool:
    if setting.rule != rule or (setting.namespace and setting.namespace != namespace):
        return False
    if setting.cluster_id is not None:
        return setting.cluster_id == place.cluster_id
    return selects(setting.selector, place.labels)


def _width(setting: Setting) -> tuple[int, int]:
    scope = 2 if setting.cluster_id is not None else 1 if setting.selector else 0
    return scope, int(bool(setting.namespace))


def _with(terms: Terms, setting: Setting) -> Terms:
    limits = setting.limits
    severity = str(limits.get(SEVERITY, terms.severity))
    return msgspec.structs.replace(
        terms,
        is_off=terms.is_off if setting.is_off is None else setting.is_off,
        severity=severity if severity in SEVERITIES else terms.severity,
        for_ms=_ms(limits.get(FOR), terms.for_ms),
        keep_firing_for_ms=_ms(limits.get(KEEP), terms.keep_firing_for_ms),
        limits={**terms.limits, **{name: one for name, one in limits.items() if name not in OWN_LIMITS}},
    )


def _ms(seconds: object, otherwise_ms: int) -> int:
    """A duration from a setting; one that is no number changes nothing."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
        return otherwise_ms
    return round(seconds * 1000)
