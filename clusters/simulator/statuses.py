"""Kubernetes' `Status` bodies: how an API server says what went wrong."""

from typing import Any

import msgspec

from clusters.simulator.served import ResourceType

EXPIRED_CONTINUE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter, or use the continue token in this response to retrieve the "
    "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
    "that were created, modified, or deleted between the time the first chunk was returned and now may show "
    "up in the list."
)


class Refused(Exception):
    """The request is answered with a Status. `code` is the HTTP status, `body` the Status as a dict."""

    def __init__(self, code: int, body: dict[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(body.get("message", ""))
        self.code = code
        self.body = body
        self.headers = headers


def status(code: int, reason: str, message: str, **more: Any) -> dict[str, Any]:
    """A failure as an API server words it. `more` may hold details and metadata."""
    body: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": more.get("metadata", {}),
        "status": "Failure",
        "message": message,
        "reason": reason,
    }
    if "details" in more:
        body["details"] = more["details"]
    body["code"] = code
    return body


def encode(body: dict[str, Any]) -> bytes:
    """The body as sent: one line of JSON and a newline."""
    return msgspec.json.encode(body) + b"\n"


def bad_request(message: str) -> Refused:
    """400: the request makes no sense."""
    return Refused(400, status(400, "BadRequest", message))


def unauthorized() -> Refused:
    """401: no or an unknown credential."""
    return Refused(401, status(401, "Unauthorized", "Unauthorized"))


def forbidden(user: str, verb: str, served: ResourceType, namespace: str, name: str = "") -> Refused:
    """403: known, but may not do this."""
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    which = f' "{name}"' if name else ""
    message = (
        f'{served.full_name}{which} is forbidden: User "{user}" cannot {verb} resource "{served.plural}" '
        f'in API group "{served.group}" {where}'
    )
    details: dict[str, Any] = {"name": name} if name else {}
    if served.group:
        details["group"] = served.group
    details["kind"] = served.plural
    return Refused(403, status(403, "Forbidden", message, details=details))


def forbidden_path(user: str, verb: str, path: str) -> Refused:
    """403 on a path that is no resource."""
    message = f'forbidden: User "{user}" cannot {verb} path "{path}"'
    return Refused(403, status(403, "Forbidden", message, details={}))


def not_found(served: ResourceType, name: str) -> Refused:
    """404: no such object."""
    details = {"name": name, **({"group": served.group} if served.group else {}), "kind": served.plural}
    message = f'{served.full_name} "{name}" not found'
    return Refused(404, status(404, "NotFound", message, details=details))


def method_not_allowed() -> Refused:
    """405: the resource is there, but not for this method."""
    message = "the server does not allow this method on the requested resource"
    return Refused(405, status(405, "MethodNotAllowed", message, details={}))


def not_acceptable() -> Refused:
    """406: only encodings were asked for that nobody speaks here."""
    message = "only the following media types are accepted: application/json"
    return Refused(406, status(406, "NotAcceptable", message))


def unsupported_media_type() -> Refused:
    """415: the body is not JSON."""
    message = (
        "the body of the request was in an unknown format - accepted media types include: application/json"
    )
    return Refused(415, status(415, "UnsupportedMediaType", message))


def too_many_requests(retry_after: str | None) -> Refused:
    """429: throttled. `retry_after` is sent as it stands; None leaves the header out."""
    message = "too many requests, please try again later."
    details = {"retryAfterSeconds": 1}
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    return Refused(429, status(429, "TooManyRequests", message, details=details), headers)


def expired(message: str, continue_token: str = "") -> Refused:
    """410: the version asked for is no longer kept."""
    metadata = {"continue": continue_token} if continue_token else {}
    return Refused(410, status(410, "Expired", message, metadata=metadata))


def future_version(asked: int, current: int) -> Refused:
    """504: a version of the future was asked for, and did not come in time."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    body = status(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {asked}, current: {current}",
        details={"causes": causes, "retryAfterSeconds": 1},
    )
    return Refused(504, body, (("Retry-After", "1"),))


def server_error(code: int) -> Refused:
    """500, 502, 503 or 504 as an API server (or what stands before it) says them."""
    reason, message = {
        500: ("InternalError", "Internal error occurred: etcdserver: request timed out"),
        502: ("InternalError", "Bad Gateway"),
        503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504: ("Timeout", "Timeout: request did not complete within requested timeout"),
    }.get(code, ("InternalError", f"error {code}"))
    return Refused(code, status(code, reason, message))
