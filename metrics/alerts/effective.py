"""What holds for one rule in one place: the rulebook's own terms with what people changed of them. Pure.

The narrowest setting wins: a cluster's namespace, a cluster, some clusters' namespace, some clusters
(by their labels), a namespace everywhere, everywhere. Settings add up: what a narrow one does not name
comes from the next wider one. Between two of the same width the later one wins.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from clusters.access.selectors import SelectorError, matches, parse_selector
from metrics.alerts.values import SEVERITIES, AlertKey

FOR = "for_seconds"
KEEP = "keep_firing_for_seconds"
SEVERITY = "severity"
OWN_LIMITS = (FOR, KEEP, SEVERITY)
"""What every rule has; any other name is a limit that the rule's file gives."""

LARGEST = 1e15

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
    limits: dict[str, float] = msgspec.field(default_factory=dict)


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody changed of one rule, everywhere or for some."""

    rule: str
    cluster_id: int | None = None
    selector: str = ""
    namespace: str = ""
    is_off: bool | None = None
    """None: as the wider settings have it."""
    limits: dict[str, object] = msgspec.field(default_factory=dict)
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
    """Whether a selector finds a cluster with these labels; one that means nothing finds none.

    >>> selects("env=dev", {"env": "dev", "team": "shop"}), selects("env in (", {"env": "dev"})
    (True, False)
    """
    try:
        return matches(parse_selector(selector), labels)
    except SelectorError:
        return False


def reaching(settings: Sequence[Setting], place: Place) -> list[Setting]:
    """The settings that hold in a cluster, or in some namespace of it."""
    return [one for one in settings if _reaches_cluster(one, place)]


class ClusterTerms:
    """The terms of all rules in one cluster, worked out when first asked for."""

    def __init__(self, defaults: Mapping[str, Terms], settings: Sequence[Setting], place: Place) -> None:
        self.settings = settings
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
        """What the rulebook itself has off cannot be judged, whatever anybody sets."""
        defaults = self._defaults.get(rule)
        settings = self._settings.get(rule)
        if defaults is None or defaults.is_off or not settings:
            return defaults
        return resolve(defaults, settings, place=self._place, namespace=namespace)


def _reaches(setting: Setting, rule: str, place: Place, namespace: str) -> bool:
    if setting.rule != rule or (setting.namespace and setting.namespace != namespace):
        return False
    return _reaches_cluster(setting, place)


def _reaches_cluster(setting: Setting, place: Place) -> bool:
    if setting.cluster_id is not None:
        return setting.cluster_id == place.cluster_id
    return not setting.selector or selects(setting.selector, place.labels)


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
        limits={name: _number(limits.get(name), own) for name, own in terms.limits.items()},
    )


def _ms(seconds: object, otherwise_ms: int) -> int:
    """A duration from a setting; one that is no number changes nothing."""
    return round(_number(seconds, otherwise_ms / 1000) * 1000)


def _number(value: object, otherwise: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LARGEST:
        return otherwise
    return value
