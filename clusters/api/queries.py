"""What may stand behind the `?` of each list.

Anything else is refused, so that a typing error does not look like an empty list.
"""

import re
from typing import Any, cast

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

from clusters.access.selectors import SelectorError, parse_selector
from clusters.kinds import all_kinds, kind_named
from clusters.state.resource import HEALTHS

LARGEST_PAGE = 1_000
USUAL_PAGE = 100
WORKLOADS = "Workload"
"""Stands for all that is counted as a workload: a Job that another object made is not."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_MOST_ALTERNATIVES = 20


class Text(serializers.CharField):
    """Plain text of a line; empty asks for nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "allow_blank": True, "max_length": 253, **options})

    def to_internal_value(self, data: Any) -> str:
        """The text. Control characters are in no name, and some databases do not take them."""
        text: str = super().to_internal_value(data)
        if _UNPRINTABLE.search(text):
            raise serializers.ValidationError(_("No name has such characters."), code="unprintable")
        return text


class Alternatives(Text):
    """Several words with commas between, any of which will do."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:  # type: ignore[override]
        """The words."""
        text = super().to_internal_value(data)
        words = tuple(dict.fromkeys(word for word in (part.strip() for part in text.split(",")) if word))
        if len(words) > _MOST_ALTERNATIVES:
            raise serializers.ValidationError(_("These are too many at once."), code="too_many")
        return words


class Health(Alternatives):
    """Health words."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:  # type: ignore[override]
        """The words, each one of ours."""
        words = super().to_internal_value(data)
        if set(words) - set(HEALTHS):
            one_of = ", ".join(HEALTHS)
            raise serializers.ValidationError(_("Health is one of: ") + one_of, code="unknown_health")
        return words


class KindNames(Alternatives):
    """Kinds, with or without their group; answers their plain names."""

    def to_internal_value(self, data: Any) -> tuple[str, ...]:  # type: ignore[override]
        """The plain names, each of a kind that we read."""
        words = super().to_internal_value(data)
        return tuple(dict.fromkeys(_kind(word) for word in words))


def _kind(word: str) -> str:
    if word == WORKLOADS:
        return WORKLOADS
    try:
        return kind_named(word).name
    except KeyError:
        one_of = ", ".join((*(kind.name for kind in all_kinds()), WORKLOADS))
        raise serializers.ValidationError(_("Kind is one of: ") + one_of, code="unknown_kind") from None


class NoQuery(serializers.Serializer[Any]):
    """Nothing may stand behind the `?`."""


class PageQuery(serializers.Serializer[Any]):
    """Which page of a list."""

    page_size = serializers.IntegerField(
        required=False, default=USUAL_PAGE, min_value=1, max_value=LARGEST_PAGE, help_text="At most 1,000."
    )
    cursor = Text(max_length=2_000, help_text="From `next` of the page before.")


class ClusterQuery(PageQuery):
    """Which clusters."""

    health = Health(help_text="One or more, with commas between.")
    q = Text(help_text="Part of the name.")
    selector = Text(max_length=500, help_text="Labels, such as env=prod,tier!=batch.")

    def validate_selector(self, text: str) -> str:
        """A selector must be understood."""
        try:
            if text:
                parse_selector(text)
        except SelectorError as error:
            raise serializers.ValidationError(str(error), code="bad_selector") from None
        return text


class ResourceQuery(PageQuery):
    """Which objects of a cluster."""

    kind = KindNames(help_text="Such as Pod, Deployment.apps or Workload; one or more, with commas between.")
    namespace = Text(help_text="Exactly this one.")
    health = Health(help_text="One or more, with commas between.")
    node = Text(help_text="Objects on this node.")
    workload = Text(max_length=320, help_text="Objects of this one, as Deployment/name.")
    reason = Text(help_text="Exactly this code, such as CrashLoopBackOff.")
    q = Text(help_text="Part of the name.")


class FleetResourceQuery(ResourceQuery):
    """Which objects of the fleet."""

    cluster = Alternatives(max_length=2_000, help_text="Slugs of clusters, with commas between.")


def understood(request: Request, query: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """The parameters of a request. Raises ValidationError with each one that is wrong, double or unknown."""
    given = request.query_params
    known = query().fields
    unknown = ErrorDetail(gettext("There is no such parameter here."), code="unknown_parameter")
    double = ErrorDetail(gettext("This is given more than once."), code="double")
    faults = {name: [unknown] for name in list(given)[:_MOST_ALTERNATIVES] if name not in known}
    faults |= {name: [double] for name in given if name in known and len(given.getlist(name)) > 1}
    if faults:
        raise serializers.ValidationError(faults)
    asked = query(data={name: given[name] for name in given})
    asked.is_valid(raise_exception=True)
    return cast("dict[str, Any]", asked.validated_data)
