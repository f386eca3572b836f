"""REST over alerts, rules, silences and destinations: reading, and what people and programs may do."""

import time
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clusters.access.models import User
from clusters.access.tokens import ALERTS
from clusters.api.moment import one_moment
from clusters.api.paging import next_address, page_of
from clusters.api.queries import NoQuery, understood
from metrics.alerts.audit import API
from metrics.alerts.models import Alert, Silence
from metrics.alerts.rules import rulebook
from metrics.alerts.seeing import alerts_visible_to, silences_visible_to
from metrics.alerts.silences import SilenceError, checked_matcher
from metrics.alerts.silencing import add_silence, end_silence
from metrics.alerts.values import FIRING, UNKNOWN
from metrics.api.alerts import pictures, shapes
from metrics.api.alerts.queries import AlertQuery, SilenceBody, SilenceQuery
from metrics.notify.models import QUEUED
from metrics.notify.seeing import destinations_visible_to

_LOADED = ("cluster", "group", "group__taken_by", "silenced_by", "inhibited_by")


class AlertListView(APIView):
    """The alerts of the clusters that you may see."""

    @extend_schema(
        operation_id="alerts",
        parameters=[AlertQuery],
        responses=shapes.AlertPageShape,
        summary="Alerts, oldest first",
    )
    def get(self, request: Request) -> Response:
        """One page of them."""
        asked = understood(request, AlertQuery)
        with one_moment():
            alerts = _asked_for(alerts_visible_to(request.user), asked)
            page = page_of(
                alerts.select_related(*_LOADED), ("since_ms", "id"), size=asked["page_size"],
                cursor=asked.get("cursor", ""),
            )  # fmt: skip
            count, results = alerts.count(), pictures.alert_pictures(page.rows)
        return Response({"count": count, "next": next_address(request, page.cursor), "results": results})


class AlertView(APIView):
    """One alert."""

    @extend_schema(
        operation_id="alert", responses=shapes.AlertDetailShape, summary="One alert with its trail"
    )
    def get(self, request: Request, uuid: str) -> Response:
        """The alert now and all that happened to it."""
        understood(request, NoQuery)
        with one_moment():
            return Response(detail_of(alert_of(request, uuid)))


class RuleListView(APIView):
    """The rulebook."""

    @extend_schema(operation_id="rules", responses=shapes.RulePageShape, summary="The rulebook")
    def get(self, request: Request) -> Response:
        """All rules, by id."""
        understood(request, NoQuery)
        firing = alerts_visible_to(request.user).filter(state__in=(FIRING, UNKNOWN)).order_by()
        counts = dict(firing.values_list("rule").annotate(Count("pk")))
        results = [pictures.rule_picture(rule, counts.get(rule.id, 0)) for rule in rulebook().values()]
        return Response({"count": len(results), "next": None, "results": results})


class SilenceListView(APIView):
    """Silences."""

    write_scope = ALERTS

    @extend_schema(
        operation_id="silences",
        parameters=[SilenceQuery],
        responses=shapes.SilencePageShape,
        summary="Silences",
    )
    def get(self, request: Request) -> Response:
        """One page of them, in the order they were made."""
        asked, now_ms = understood(request, SilenceQuery), _now_ms()
        with one_moment():
            silences = silences_visible_to(request.user)
            if asked.get("active"):
                silences = silences.filter(starts_at_ms__lte=now_ms, ends_at_ms__gt=now_ms)
            page = page_of(
                silences.select_related("author"),
                ("id",),
                size=asked["page_size"],
                cursor=asked.get("cursor", ""),
            )
            count = silences.count()
        results = [pictures.silence_picture(silence, now_ms) for silence in page.rows]
        return Response({"count": count, "next": next_address(request, page.cursor), "results": results})

    @extend_schema(
        operation_id="add_silence",
        request=SilenceBody,
        responses={201: shapes.SilenceShape},
        summary="Add a silence",
    )
    def post(self, request: Request) -> Response:
        """Keep what matches quiet until it ends."""
        now_ms, body = _now_ms(), SilenceBody(data=request.data)
        body.is_valid(raise_exception=True)
        silence = _added(request, body.validated_data, now_ms)
        return Response(pictures.silence_picture(silence, now_ms), status=status.HTTP_201_CREATED)


class SilenceView(APIView):
    """One silence."""

    write_scope = ALERTS

    @extend_schema(operation_id="silence", responses=shapes.SilenceShape, summary="One silence")
    def get(self, request: Request, uuid: str) -> Response:
        """The silence."""
        understood(request, NoQuery)
        return Response(pictures.silence_picture(_silence(request, uuid), _now_ms()))

    @extend_schema(operation_id="end_silence", responses=shapes.SilenceShape, summary="End a silence now")
    def delete(self, request: Request, uuid: str) -> Response:
        """End it; one that is over stays as it is. Its author, or an administrator."""
        silence, user, now_ms = _silence(request, uuid), _user(request), _now_ms()
        if not (user.is_superuser or silence.author_id == user.pk):
            raise Http404
        end_silence(silence, user=user, via=API, now_ms=now_ms)
        silence.refresh_from_db()
        return Response(pictures.silence_picture(silence, now_ms))


class DestinationListView(APIView):
    """Destinations."""

    @extend_schema(
        operation_id="destinations",
        responses=shapes.DestinationPageShape,
        summary="Destinations and how they do",
    )
    def get(self, request: Request) -> Response:
        """All that you may see, by name."""
        understood(request, NoQuery)
        queued = Q(messages__status=QUEUED)
        rows = destinations_visible_to(request.user).select_related("team").annotate(
            waiting=Count("messages", filter=queued), next_try=Min("messages__next_try_at_ms", filter=queued)
        ).order_by("name")  # fmt: skip
        results = [
            pictures.destination_picture(row, waiting=row.waiting, next_try_at_ms=row.next_try)
            for row in rows
        ]
        return Response({"count": len(results), "next": None, "results": results})


def alert_of(request: Request, uuid: str) -> Alert:
    """The alert, if this user may see it; to anybody else it is not there."""
    alert = alerts_visible_to(request.user).select_related(*_LOADED).filter(uuid=uuid).first()
    if alert is None:
        raise Http404
    return alert


def detail_of(alert: Alert) -> dict[str, object]:
    """One alert as its own address tells it."""
    url = f"{settings.PUBLIC_URL.rstrip('/')}/alerts/{alert.group.uuid}/" if alert.group else None
    return pictures.alert_detail(alert, url=url)


def _asked_for(alerts: QuerySet[Alert], asked: dict[str, Any]) -> QuerySet[Alert]:
    alerts = alerts.filter(state__in=asked.get("state") or (FIRING, UNKNOWN))
    if asked.get("severity"):
        alerts = alerts.filter(severity__in=asked["severity"])
    if asked.get("cluster"):
        alerts = alerts.filter(cluster__slug__in=asked["cluster"])
    if asked.get("rule"):
        alerts = alerts.filter(rule=asked["rule"])
    if asked.get("group"):
        alerts = alerts.filter(group__uuid=asked["group"])
    return alerts


def _added(request: Request, asked: dict[str, Any], now_ms: int) -> Silence:
    starts_at = asked.get("starts_at")
    try:
        return add_silence(
            matchers=[checked_matcher(one["name"], one["op"], one["value"]) for one in asked["matchers"]],
            reason=asked["reason"],
            starts_at_ms=int(starts_at.timestamp() * 1000) if starts_at else None,
            ends_at_ms=int(asked["ends_at"].timestamp() * 1000),
            user=_user(request),
            via=API,
            now_ms=now_ms,
        )
    except SilenceError as error:
        raise serializers.ValidationError({"silence": [str(error)]}, code="bad_silence") from None


def _silence(request: Request, uuid: str) -> Silence:
    silence = silences_visible_to(request.user).select_related("author").filter(uuid=uuid).first()
    if silence is None:
        raise Http404
    return silence


def _user(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
