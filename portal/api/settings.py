"""How Django REST framework and its schema are set up; portal.settings takes these as they are."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    # The first one names the challenge of a 401.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "portal.api.authentication.TokenHasScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["portal.api.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "portal.api.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "portal.api.problems.problem_response",
    # `?format=` would make a second way to ask for the same.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Topmast",
    "DESCRIPTION": (
        "What the portal knows of your clusters. Unknown is null, never 0; times are UTC. A list is a page "
        "of at most 1,000; `next` is the address of the following page, or null. Errors are RFC 9457 "
        "problems with a `code` to program by beside the sentence. Send a token as `Authorization: Bearer …`."
    ),
    "VERSION": "v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
