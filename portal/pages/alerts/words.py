"""Alerts put into words: rows of the inbox, lines of a trail. Pure but for translation."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from metrics.alerts import wording
from metrics.alerts.labelled import place_called
from metrics.alerts.rules import rulebook
from metrics.alerts.values import FIRING, RESOLVED, UNKNOWN

HEALTH_OF = {"critical": "critical", "warning": "degraded", "info": "pending", "test": "pending"}
"""The shape that stands for a severity."""


def shape_of(*, severity: str, state: str, is_quiet: bool = False) -> str:
    """The health whose shape an alert is drawn with."""
    if state == RESOLVED:
        return "healthy"
    if is_quiet:
        return "silenced"
    return "no_data" if state == UNKNOWN else HEALTH_OF.get(severity, "pending")


def severity_word(severity: str) -> str:
    """The word for a severity."""
    words = {"critical": _("Critical"), "warning": _("Warning"), "info": _("Info"), "test": _("Test")}
    return str(words.get(severity, severity))


def state_word(state: str) -> str:
    """The word for a state."""
    words = {FIRING: _("Firing"), UNKNOWN: _("Unknown"), RESOLVED: _("Resolved"), "pending": _("Pending")}
    return str(words.get(state, state))


def name_of(rule: str) -> str:
    """What a rule is called."""
    found = rulebook().get(rule)
    return found.name if found else rule


def sentence_of(rule: str, params: Mapping[str, Any], count: int = 1) -> str:
    """What is wrong, in a sentence."""
    found = rulebook().get(rule)
    return wording.sentence(found, params, count) if found else str(params.get("sentence") or rule)


def where(names: Sequence[str], labels: Mapping[str, str] | None = None) -> str:
    """The clusters, the first by name; where none is registered, what the labels that came with it say."""
    if not names:
        return place_called(labels or {}) or str(_("The portal itself"))
    more = len(names) - 1
    if not more:
        return names[0]
    return ngettext("%(name)s and %(n)s more", "%(name)s and %(n)s more", more) % {
        "name": names[0],
        "n": more,
    }


_TRAIL = {
    "fired": _("%(what)s fired"),
    "resolved": _("%(what)s ended"),
    "unknown": _("No longer known: %(reason)s"),
    "known": _("Known again"),
    "severity": _("%(what)s is %(severity)s now"),
    "changed": _("%(what)s is %(severity)s now"),
    "taken": _("%(by)s took it"),
    "released": _("%(by)s gave it back"),
    "assigned": _("%(by)s gave it to %(to)s"),
    "noted": _("%(by)s: %(text)s"),
    "also_seen": _("An Alertmanager sent the same"),
    "silenced": _("Silenced until %(until)s"),
    "inhibited": _("Left to the cause behind it"),
    "routed": _("Routed to %(destination)s"),
    "nowhere": _("No route takes it: nobody is told"),
    "queued": _("To be told: %(destination)s"),
    "sent": _("%(destination)s was told: %(answer)s"),
    "delivered": _("%(destination)s was told: %(answer)s"),
    "failed": _("%(destination)s could not be told: %(answer)s"),
    "retry": _("%(destination)s did not take it, tried again: %(answer)s"),
    "gone": _("%(destination)s is gone: %(answer)s"),
    "expired": _("%(destination)s was not told in 72 h; given up"),
    "suppressed": _("%(destination)s is not told: it was over before"),
    "replaced": _("Replaced by newer news for %(destination)s"),
}
_REASONS = {
    "condition": _("the condition holds no longer"),
    "rule_off": _("its rule was switched off"),
    "by_hand": _("resolved by hand"),
    "unreadable": _("its cluster cannot be read"),
    "folded": _("our own rule found the same"),
    "not_heard": _("whoever sent it was not heard of for 12 h"),
    "no_data": _("what the rule needs is not known"),
}


class _Known(dict[str, Any]):
    """Params of any age: what one does not have is left blank."""

    def __missing__(self, key: str) -> str:
        return "–"


def trail_line(what: str, params: Mapping[str, Any]) -> str:
    """One line of a trail."""
    reason = _REASONS.get(str(params.get("reason")), params.get("reason", "–"))
    known = _Known({**params, "reason": reason})
    template = _TRAIL.get(what)
    line = str(template) % known if template else what.replace("_", " ").capitalize()
    if what == "resolved" and params.get("reason"):
        line = f"{line}: {known['reason']}"
    return line[:400]
