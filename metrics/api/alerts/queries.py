"""What may be asked of alerts, rules, silences and destinations, and what may be sent."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from clusters.api.queries import Alternatives, PageQuery, Text
from metrics.alerts.values import FIRING, SEVERITIES, STATES, UNKNOWN


class States(Alternatives):
    """States of alerts."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:  # type: ignore[override]
        """The words, each one of ours."""
        return _known(super().to_internal_value(data), STATES, _("State is one of: "), "unknown_state")


class Severities(Alternatives):
    """Severities."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:  # type: ignore[override]
        """The words, each one of ours."""
        return _known(
            super().to_internal_value(data), SEVERITIES, _("Severity is one of: "), "unknown_severity"
        )


class AlertQuery(PageQuery):
    """Which alerts."""

    state = States(
        help_text=f"One or more of {', '.join(STATES)}; {FIRING} and {UNKNOWN} where none is given."
    )
    severity = Severities(help_text=f"One or more of {', '.join(SEVERITIES)}.")
    cluster = Alternatives(max_length=2_000, help_text="Slugs of clusters, with commas between.")
    rule = Text(help_text="Exactly this rule, by its id.")
    group = serializers.UUIDField(required=False, help_text="Of this group.")


class SilenceQuery(PageQuery):
    """Which silences."""

    active = serializers.BooleanField(required=False, help_text="Only those that cover something now.")


class NoBody(serializers.Serializer[Any]):
    """Nothing more has to be said."""


class AssignBody(serializers.Serializer[Any]):
    """Who shall be on it."""

    to = serializers.CharField(max_length=150)


class NoteBody(serializers.Serializer[Any]):
    """A note."""

    text = serializers.CharField(max_length=2_000)


class ResolveBody(serializers.Serializer[Any]):
    """Why an alert is resolved by hand."""

    reason = serializers.CharField(max_length=500)


class MatcherBody(serializers.Serializer[Any]):
    """One condition on a label."""

    name = serializers.CharField(max_length=300)
    op = serializers.ChoiceField(choices=["=", "!=", "=~", "!~"], default="=")
    value = serializers.CharField(max_length=300, allow_blank=True, trim_whitespace=False)


class SilenceBody(serializers.Serializer[Any]):
    """A new silence."""

    matchers = serializers.ListField(child=MatcherBody(), min_length=1, max_length=20)
    reason = serializers.CharField(max_length=500)
    starts_at = serializers.DateTimeField(required=False, help_text="Now, where it is not given.")
    ends_at = serializers.DateTimeField()


def _known(words: tuple[str, ...], known: tuple[str, ...], sentence: Any, code: str) -> tuple[str, ...]:
    if set(words) - set(known):
        raise serializers.ValidationError(sentence + ", ".join(known), code=code)
    return words
