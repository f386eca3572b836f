"""The API's root, its documentation, and its answer to addresses that are none."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import TemplateView
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView


class RootSerializer(serializers.Serializer[Any]):
    """Where to go on."""

    fleet = serializers.URLField()
    clusters = serializers.URLField()
    resources = serializers.URLField()
    schema = serializers.URLField()
    docs = serializers.URLField()


class Root(APIView):
    """Where to go on from here."""

    @extend_schema(operation_id="root", responses=RootSerializer, summary="Where to go on")
    def get(self, request: Request) -> Response:
        """The addresses of the lists."""
        names = ("fleet", "clusters", "resources", "schema", "docs")
        return Response({name: reverse(f"api-{name}", request=request) for name in names})


class NoSuchAddress(APIView):
    """Everything else under /api/: a problem like any other, and a 401 to strangers."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """There is nothing, whatever the method."""
        super().initial(request, *args, **kwargs)
        raise NotFound


class Docs(LoginRequiredMixin, TemplateView):
    """Swagger UI, all of it from our own address."""

    template_name = "api/docs.html"
