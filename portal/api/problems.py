"""Errors as RFC 9457 problems: a sentence for people, a `code` for programs, nothing of our insides."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

PROBLEM_TYPE = "application/problem+json"


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an error raised in a view; None for one that is ours, which becomes a 500."""
    if isinstance(error, Http404):
        # One sentence for whatever is not there or not for you, so that names do not leak.
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, context)
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    response.data = problem(error, response.status_code)
    response.content_type = PROBLEM_TYPE
    return response


def problem(error: exceptions.APIException, status: int) -> dict[str, Any]:
    """The body: `title` names the kind of problem, `detail` says what happened and what to do."""
    body: dict[str, Any] = {"type": "about:blank", "title": str(error.default_detail), "status": status}
    if isinstance(error, exceptions.ValidationError):
        faults = _faults(error.get_full_details())
        return {
            **body,
            "title": _("The request cannot be understood."),
            "detail": " ".join(f"{fault['parameter']}: {fault['detail']}" for fault in faults),
            "code": "invalid",
            "errors": faults,
        }
    return {**body, "detail": _detail(error), "code": _code(error)}


def _detail(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.NotFound):
        return _("There is nothing here, or nothing that you may see.")
    if isinstance(error, exceptions.NotAuthenticated):
        return _("Sign in, or send a token: Authorization: Bearer …")
    return str(error.detail)


def _code(error: exceptions.APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _faults(details: Any, parameter: str = "") -> list[dict[str, str]]:
    """Each fault with the parameter it is in, flat."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        return [{"parameter": parameter, "code": str(details["code"]), "detail": str(details["message"])}]
    if isinstance(details, dict):
        return [fault for name, inner in details.items() for fault in _faults(inner, str(name))]
    return [fault for inner in details for fault in _faults(inner, parameter)]
