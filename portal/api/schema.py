"""The OpenAPI schema says what every operation has in common: that it may answer with a problem."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers


class FaultSerializer(serializers.Serializer[Any]):
    """What is wrong with one parameter."""

    parameter = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """An RFC 9457 problem."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="What happened and what to do, for people.")
    code = serializers.CharField(help_text="For programs; it does not change with the language.")
    errors = FaultSerializer(many=True, required=False)  # type: ignore[assignment]


_PROBLEMS = {
    "400": "A parameter cannot be understood.",
    "401": "Nobody is signed in, or the token does not work.",
    "403": "The token has no scope for that.",
    "404": "There is nothing here, or nothing that you may see.",
    "406": "The only form is JSON.",
    "415": "The only form is JSON.",
}


class ProblemSchema(AutoSchema):
    """Adds the problems to each operation."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        reference = self.resolve_serializer(ProblemSerializer, direction).ref
        for status, description in _PROBLEMS.items():
            bodies[status] = {
                "description": description,
                "content": {"application/problem+json": {"schema": reference}},
            }
        return bodies


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a token is sent."""

    target_class = "portal.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The scheme as OpenAPI writes it."""
        return {"type": "http", "scheme": "bearer"}
