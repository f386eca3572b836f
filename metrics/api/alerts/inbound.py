"""REST that Alertmanagers send their alerts to.

An Alertmanager tries again after 5xx and never after 4xx, whose answer it logs: so whatever can be taken is
taken, and only a notification of which nothing can be is refused as a whole.
"""

import time
from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clusters.access.models import ApiToken, User
from clusters.access.tokens import INBOUND
from clusters.api.queries import NoQuery, understood
from clusters.api.shapes import Shape
from metrics.alerts.inbound import MOST_ALERTS, PayloadError, read_payload
from metrics.alerts.receiving import Receipt, receive

MOST_REFUSED_TOLD = 100
"""In words; beyond that they are only counted."""


class SentAlertShape(Shape):
    """One alert of an Alertmanager. `endsAt` counts where it is resolved."""

    status = serializers.ChoiceField(choices=["firing", "resolved"])
    labels = serializers.DictField(child=serializers.CharField(allow_blank=True), help_text="With alertname.")
    annotations = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    startsAt = serializers.DateTimeField()
    endsAt = serializers.DateTimeField(required=False)
    generatorURL = serializers.CharField(required=False, allow_blank=True)
    fingerprint = serializers.CharField(required=False, allow_blank=True)


class NotificationShape(Shape):
    """A notification of an Alertmanager. What else it has in it is passed over."""

    version = serializers.ChoiceField(choices=["4"])
    alerts = SentAlertShape(many=True, help_text=f"At most {MOST_ALERTS:,}.")


class RefusedShape(Shape):
    """One alert that was not taken."""

    index = serializers.IntegerField(help_text="Its place among those sent, from 0.")
    alert = serializers.CharField(allow_blank=True, help_text="Its alertname.")
    reason = serializers.CharField()


class ReceiptShape(Shape):
    """What became of the alerts: each is in one of the three."""

    taken = serializers.IntegerField()
    folded = serializers.IntegerField(help_text="Found by a rule of ours too, and left to that.")
    refused = RefusedShape(many=True)


class RawJson(BaseParser):
    """The bytes as they came: they are read where the limits are."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, bytes]:
        """All of them as `body`; how many there may be is seen to before they come here."""
        del media_type, parser_context
        return {"body": stream.read()}


class IsToken(BasePermission):
    """Only programs send alerts, each by a token of its own."""

    code = "scope"
    message = _("Send a token of the scope inbound: manage.py create_token … --scope inbound")

    def has_permission(self, request: Request, view: object) -> bool:
        """Whether a token was sent that may; to other methods there is no such address."""
        return request.method != "POST" or self._may(request)

    @staticmethod
    def _may(request: Request) -> bool:
        return isinstance(request.auth, ApiToken) and INBOUND in request.auth.scopes


class AlertmanagerView(APIView):
    """The receiver of an Alertmanager."""

    write_scope = INBOUND
    permission_classes = (IsAuthenticated, IsToken)
    parser_classes = (RawJson,)

    @extend_schema(
        operation_id="inbound_alertmanager",
        request=NotificationShape,
        responses=ReceiptShape,
        summary="Take alerts of an Alertmanager",
    )
    def post(self, request: Request) -> Response:
        """Take what an Alertmanager sends as its webhook, version 4.

        Needs a token of the scope `inbound`. Clusters are known by the label `cluster`, else `k8s_cluster`.
        """
        understood(request, NoQuery)
        assert isinstance(request.user, User)
        now_ms = time.time_ns() // 1_000_000
        try:
            payload = read_payload(_body(request), now_ms)
        except PayloadError as error:
            raise serializers.ValidationError({"body": [str(error)]}, code=error.code) from None
        receipt = receive(payload, request.user, now_ms)
        if receipt.refused and not receipt.taken + receipt.folded:
            raise serializers.ValidationError({"alerts": _reasons(receipt)}, code="refused")
        return Response(
            {
                "taken": receipt.taken,
                "folded": receipt.folded,
                "refused": [msgspec.to_builtins(one) for one in receipt.refused],
            }
        )


def _body(request: Request) -> bytes:
    """What came; nothing is not even parsed."""
    return request.data.get("body", b"") if isinstance(request.data, dict) else b""


def _reasons(receipt: Receipt) -> list[str]:
    """Why nothing of it was taken."""
    told = [f"{one.index} ({one.alert}): {one.reason}" for one in receipt.refused[:MOST_REFUSED_TOLD]]
    more = len(receipt.refused) - len(told)
    return [*told, _("and %(n)s more") % {"n": more}] if more > 0 else told
