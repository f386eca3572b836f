"""REST for what people and programs do about alerts: each acts on the cause that an alert is told with."""

import time
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clusters.access.models import User
from clusters.access.tokens import ALERTS
from clusters.api.queries import NoQuery, understood
from metrics.alerts import acts
from metrics.alerts.acts import ActError, Actor
from metrics.alerts.audit import API
from metrics.api.alerts import shapes
from metrics.api.alerts.queries import AssignBody, NoBody, NoteBody, ResolveBody
from metrics.api.alerts.views import alert_of, detail_of


def _described(
    operation_id: str, body: type[serializers.Serializer[Any]], summary: str
) -> Callable[[type[APIView]], type[APIView]]:
    """What the schema says of the POST of an act."""
    answer = shapes.AlertDetailShape
    described = extend_schema(operation_id=operation_id, request=body, responses=answer, summary=summary)
    return extend_schema_view(post=described)


class _ActView(APIView):
    """One act on the group of one alert."""

    write_scope = ALERTS
    body: type[serializers.Serializer[Any]] = NoBody

    def post(self, request: Request, uuid: str) -> Response:
        """Do it, and answer with the alert as it is then."""
        understood(request, NoQuery)
        alert = alert_of(request, uuid)
        asked = self.body(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            if alert.group_id is None:
                raise ActError(_("It has not fired yet."))
            self.act(alert.group_id, asked.validated_data, _actor(request))
        except ActError as fault:
            raise serializers.ValidationError({"alert": [str(fault)]}, code="not_now") from None
        return Response(detail_of(alert_of(request, uuid)))

    def act(self, group_id: int, asked: dict[str, Any], actor: Actor) -> None:
        """The act itself. Raises ActError."""
        raise NotImplementedError


@_described("take_alert", NoBody, "Take an alert: you are on it")
class TakeView(_ActView):
    """Be on it."""

    def act(self, group_id: int, asked: dict[str, Any], actor: Actor) -> None:
        """Take it."""
        acts.take(group_id, actor)


@_described("release_alert", NoBody, "Give an alert back: nobody is on it")
class ReleaseView(_ActView):
    """Nobody is on it."""

    def act(self, group_id: int, asked: dict[str, Any], actor: Actor) -> None:
        """Give it back."""
        acts.release(group_id, actor)


@_described("assign_alert", AssignBody, "Assign an alert to somebody who may see it")
class AssignView(_ActView):
    """Somebody else is on it."""

    body = AssignBody

    def act(self, group_id: int, asked: dict[str, Any], actor: Actor) -> None:
        """Assign it."""
        to = User.objects.filter(username=asked["to"]).first()
        if to is None:
            # The same as for somebody who exists and may not see it.
            raise ActError(_("%(name)s cannot see it.") % {"name": asked["to"]})
        acts.assign(group_id, to, actor)


@_described("note_alert", NoteBody, "Add a note to the trail of an alert")
class NoteView(_ActView):
    """A line for whoever looks at it next."""

    body = NoteBody

    def act(self, group_id: int, asked: dict[str, Any], actor: Actor) -> None:
        """Note it."""
        acts.note(group_id, asked["text"], actor)


@_described("resolve_alert", ResolveBody, "Resolve by hand what you see of an alert")
class ResolveView(_ActView):
    """It is over."""

    body = ResolveBody

    def act(self, group_id: int, asked: dict[str, Any], actor: Actor) -> None:
        """Resolve it."""
        acts.resolve(group_id, asked["reason"], actor)


def _actor(request: Request) -> Actor:
    assert isinstance(request.user, User)
    return Actor(request.user, API, time.time_ns() // 1_000_000)
