"""REST over the journal: what changed in a cluster since a place."""

import re
from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clusters.access.visibility import visible_cluster
from clusters.api.moment import one_moment
from clusters.api.paging import origin
from clusters.api.queries import LARGEST_PAGE, USUAL_PAGE, Text, understood
from clusters.api.values import values_of
from clusters.kinds.picture import resource_picture
from clusters.mirror.changes import Change
from clusters.state.picture import ClusterValues, iso
from metrics.journal.reading import changes_since
from metrics.journal.replay import EntryView

_PLACE = re.compile(r"(\d{1,18})\.(\d{1,18})", re.ASCII)


class JournalQuery(serializers.Serializer[Any]):
    """From where on."""

    since = Text(required=True, allow_blank=False, help_text="A place, as FENCE.N.")
    page_size = serializers.IntegerField(
        required=False, default=USUAL_PAGE, min_value=1, max_value=LARGEST_PAGE, help_text="At most 1,000."
    )

    def validate_since(self, text: str) -> tuple[int, int]:
        """Two whole numbers."""
        match = _PLACE.fullmatch(text)
        if match is None:
            raise serializers.ValidationError(_("A place is two numbers, such as 7.41."), code="bad_place")
        return int(match[1]), int(match[2])


class JournalGap(APIException):
    """The journal cannot tell what followed."""

    status_code = status.HTTP_410_GONE
    default_code = "gap"
    default_detail = _(
        "What followed that place is not known without a gap. Read the lists anew, and go on from there."
    )


class JournalChangeShape(serializers.Serializer[Any]):
    """One object is now like this, or gone."""

    op = serializers.ChoiceField(choices=["set", "gone"])
    kind = serializers.CharField()
    uid = serializers.CharField()
    resource = serializers.DictField(required=False)


class JournalEntryShape(serializers.Serializer[Any]):
    """What changed at once."""

    place = serializers.CharField()
    first_number = serializers.IntegerField()
    last_number = serializers.IntegerField()
    at = serializers.DateTimeField()
    changes = JournalChangeShape(many=True)


class JournalShape(serializers.Serializer[Any]):
    """What followed a place, in order."""

    count = serializers.IntegerField(help_text="How many numbers followed; an entry covers one or more.")
    next = serializers.URLField(allow_null=True)
    place = serializers.CharField(help_text="Where the journal stands after this page.")
    results = JournalEntryShape(many=True)


class JournalView(APIView):
    """What changed in one cluster."""

    @extend_schema(
        operation_id="journal",
        parameters=[JournalQuery],
        responses={200: JournalShape, 410: OpenApiResponse(description="Not known without a gap.")},
        summary="What changed since a place",
    )
    def get(self, request: Request, slug: str) -> Response:
        """One page of it; 410 where it is not known without a gap."""
        asked = understood(request, JournalQuery)
        fence, number = asked["since"]
        with one_moment():
            cluster = visible_cluster(request.user, slug)
            if cluster is None:
                raise Http404
            values = values_of(cluster)
            entries = _entries(cluster.pk, values, asked["since"], asked["page_size"] + 1)
        if entries is None:
            raise JournalGap
        shown = entries[: asked["page_size"]]
        place = shown[-1].place if shown else f"{fence}.{number}"
        return Response(
            {
                "count": max(values.number - number, 0) if entries else 0,
                "next": _next(request, place) if len(entries) > len(shown) else None,
                "place": place,
                "results": [_entry(entry) for entry in shown],
            }
        )


def _entries(
    cluster_id: int, values: ClusterValues, since: tuple[int, int], limit: int
) -> list[EntryView] | None:
    """What followed; nothing where that place is now, None where there is a gap."""
    now = (values.fence, values.number)
    if since >= now:
        return [] if since == now else None
    return changes_since(cluster_id, *since, limit)


def _next(request: Request, place: str) -> str:
    query = request.query_params.copy()
    query["since"] = place
    return f"{origin(request)}{request.path}?{query.urlencode()}"


def _entry(entry: EntryView) -> dict[str, object]:
    return {
        "place": entry.place,
        "first_number": entry.first_number,
        "last_number": entry.last_number,
        "at": iso(entry.at_ms),
        "changes": [_change(change, entry.at_ms) for change in entry.changes],
    }


def _change(change: Change, at_ms: int) -> dict[str, object]:
    if change.resource is None:
        return {"op": "gone", "kind": change.kind, "uid": change.uid}
    # Usage is no change; it is left out here rather than said to be unknown.
    picture = resource_picture(change.resource, now_ms=at_ms)
    return {"op": "set", "kind": change.kind, "uid": change.uid, "resource": picture}
