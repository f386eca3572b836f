"""Answers requests as an API server: who asks, may they, and what is there."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from clusters.simulator import discovery, statuses
from clusters.simulator.access import (
    Access,
    Account,
    access_review,
    check_path,
    check_resource,
    rules_review,
    who_am_i,
)
from clusters.simulator.events import as_new_event
from clusters.simulator.listing import list_page, select
from clusters.simulator.served import BY_PATH, NEW_EVENTS, NODE_USAGE, POD_USAGE, ResourceType
from clusters.simulator.statuses import Refused
from clusters.simulator.store import Store
from clusters.simulator.watching import BOOKMARK_SECONDS, Watch
from clusters.simulator.wire import Answer, AnyAnswer, Request, StreamAnswer

HEALTH_PATHS = ("/healthz", "/livez", "/readyz")
HEALTH_CHECKS = ("ping", "log", "etcd", "etcd-readiness", "informer-sync", "shutdown")
REVIEWS = {
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
}
WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class UsageSource(Protocol):
    """What metrics.k8s.io answers with."""

    def node_usage(self) -> dict[str, bytes]:
        """Encoded NodeMetrics by key."""
        ...

    def pod_usage(self) -> dict[str, bytes]:
        """Encoded PodMetrics by key."""
        ...


@dataclass(frozen=True)
class Target:
    """What a path names: a collection, perhaps one namespace of it, perhaps one object."""

    served: ResourceType
    namespace: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """The stored key of the object named."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass
class ApiServer:
    """One cluster's API."""

    store: Store
    access: Access
    usage: UsageSource
    git_version: str
    address: str = ""
    bookmark_seconds: float = BOOKMARK_SECONDS
    flow_schema_uid: str = field(default_factory=lambda: str(uuid.uuid4()))
    priority_level_uid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def answer(self, request: Request) -> AnyAnswer:
        """The answer to one request. Never raises for what a client can do."""
        try:
            account = self._account(request)
        except Refused as refused:
            return self._refusal(refused, is_known=False)
        try:
            return self._route(request, account)
        except Refused as refused:
            return self._refusal(refused, is_known=True)

    def _account(self, request: Request) -> Account | None:
        # The real one lets strangers ask for its health and version, with wrong credentials not.
        has_credential = "authorization" in request.headers or request.peer_certificate
        is_open = request.path in ("/healthz", "/livez", "/readyz", "/version")
        if is_open and not has_credential:
            return None
        return self.access.identify(request)

    def _route(self, request: Request, account: Account | None) -> AnyAnswer:
        path = request.path.rstrip("/") or "/"
        if path in HEALTH_PATHS:
            return self._health(path, request)
        if path == "/version":
            return self._json(discovery.version(self.git_version), indent=True)
        if account is None:
            raise statuses.unauthorized()
        if path in REVIEWS:
            return self._review(path, request, account)
        target = target_of(path)
        if target is not None:
            return self._resource(target, request, account)
        check_path(account, request.method.lower(), path)
        return self._discovery(path, request)

    def _health(self, path: str, request: Request) -> Answer:
        body = "ok"
        if "verbose" in request.query:
            lines = [f"[+]{check} ok" for check in HEALTH_CHECKS]
            body = "\n".join([*lines, f"{path[1:]} check passed\n"])
        return self._text(200, body)

    def _discovery(self, path: str, request: Request) -> Answer:
        wants_aggregated = "as=APIGroupDiscoveryList" in request.headers.get("accept", "")
        if path in ("/api", "/apis"):
            if wants_aggregated:
                is_core = path == "/api"
                body = discovery.aggregated(lambda group: (group == "") == is_core)
                return self._json(body, content_type=discovery.AGGREGATED)
            return self._json(discovery.api_versions(self.address) if path == "/api" else discovery.groups())
        steps = path.strip("/").split("/")
        found: dict[str, Any] | None = None
        if steps[0] == "api" and len(steps) == 2:
            found = discovery.resources("", steps[1])
        elif steps[0] == "apis" and len(steps) == 3:
            found = discovery.resources(steps[1], steps[2])
        elif steps[0] == "apis" and len(steps) == 2 and steps[1] in discovery.group_names():
            found = {"kind": "APIGroup", "apiVersion": "v1", **discovery.group(steps[1])}
        return self._text(404, "404 page not found\n") if found is None else self._json(found)

    def _review(self, path: str, request: Request, account: Account) -> Answer:
        if request.method != "POST":
            raise statuses.method_not_allowed()
        asked = _json_body(request)
        if path.endswith("selfsubjectreviews"):
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            return self._json(who_am_i(account, now), status=201)
        if path.endswith("selfsubjectaccessreviews"):
            return self._json(access_review(account, asked), status=201)
        return self._json(rules_review(account), status=201)

    def _resource(self, target: Target, request: Request, account: Account) -> AnyAnswer:
        watches = request.query.get("watch") in ("1", "true")
        verb = _verb(target, request, watches=watches)
        check_resource(account, verb, target.served, target.namespace, target.name)
        if not target.served.kind:
            return self._text(404, "404 page not found\n")
        if verb not in target.served.verbs:
            raise statuses.method_not_allowed()
        _check_accept(request)
        if target.served in (NODE_USAGE, POD_USAGE):
            return self._usage(target)
        if verb == "get":
            return self._one(target)
        selection = select(target.served, target.namespace, request.query)
        if verb == "watch":
            watch = Watch(self.store, selection, request.query, self.bookmark_seconds)
            return StreamAnswer(watch.run, headers=self.headers("application/json"))
        page = list_page(self.store, selection, request.query)
        if target.served is NEW_EVENTS:
            page.items[:] = [as_new_event(stored) for stored in page.items]
        return Answer(headers=self.headers("application/json"), parts=page.parts(target.served))

    def _one(self, target: Target) -> Answer:
        stored = self.store.get(target.served.storage, target.key)
        if stored is None:
            raise statuses.not_found(target.served, target.name)
        if target.served is NEW_EVENTS:
            stored = as_new_event(stored)
        head = f'{{"kind":"{target.served.kind}","apiVersion":"{target.served.api_version}",'
        parts = (head.encode(), stored.body()[1:], b"\n")
        return Answer(headers=self.headers("application/json"), parts=parts)

    def _usage(self, target: Target) -> Answer:
        served = target.served
        readings = self.usage.node_usage() if served is NODE_USAGE else self.usage.pod_usage()
        headers = self.headers("application/json")
        if target.name:
            if target.key not in readings:
                raise statuses.not_found(served, target.name)
            head = f'{{"kind":"{served.kind}","apiVersion":"{served.api_version}",'
            return Answer(headers=headers, parts=(head.encode(), readings[target.key][1:], b"\n"))
        prefix = target.namespace + "/" if target.namespace else ""
        taken = [body for key, body in readings.items() if key.startswith(prefix)]
        head = f'{{"kind":"{served.kind}List","apiVersion":"{served.api_version}","metadata":{{}},"items":['
        return Answer(headers=headers, parts=(head.encode(), b",".join(taken), b"]}\n"))

    def headers(self, content_type: str) -> tuple[tuple[str, str], ...]:
        """The headers each answer to somebody known carries."""
        return (
            ("Audit-Id", str(uuid.uuid4())),
            ("Cache-Control", "no-cache, private"),
            ("Content-Type", content_type),
            ("X-Kubernetes-Pf-Flowschema-Uid", self.flow_schema_uid),
            ("X-Kubernetes-Pf-Prioritylevel-Uid", self.priority_level_uid),
        )

    def _json(
        self,
        body: dict[str, Any],
        *,
        status: int = 200,
        content_type: str = "application/json",
        indent: bool = False,
    ) -> Answer:
        encoded = msgspec.json.encode(body)
        if indent:
            encoded = msgspec.json.format(encoded, indent=2)
        else:
            encoded += b"\n"
        return Answer(status=status, headers=self.headers(content_type), parts=(encoded,))

    def _text(self, status: int, body: str) -> Answer:
        headers = (*self.headers("text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))
        return Answer(status=status, headers=headers, parts=(body.encode(),))

    def _refusal(self, refused: Refused, *, is_known: bool) -> Answer:
        headers = self.headers("application/json")
        if not is_known:
            headers = headers[:3]
        if refused.code == 403:
            headers = (*headers, ("X-Content-Type-Options", "nosniff"))
        body = statuses.encode(refused.body)
        return Answer(status=refused.code, headers=(*headers, *refused.headers), parts=(body,))


def target_of(path: str) -> Target | None:
    """What a resource path names; None for any other path."""
    steps = path.strip("/").split("/")
    if steps[0] == "api" and len(steps) >= 3:
        group, version, rest = "", steps[1], steps[2:]
    elif steps[0] == "apis" and len(steps) >= 4:
        group, version, rest = steps[1], steps[2], steps[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3:
        namespace, rest = rest[1], rest[2:]
    # What is not served has a target too: who may not see it is told so, not that it is absent.
    unknown = ResourceType(group, version, rest[0], "", verbs=())
    served = BY_PATH.get((group, version, rest[0]), unknown)
    if len(rest) > 2 or (namespace and not served.is_namespaced):
        return None
    return Target(served, namespace, rest[1] if len(rest) == 2 else "")


def _verb(target: Target, request: Request, *, watches: bool) -> str:
    if request.method in WRITES:
        return WRITES[request.method]
    if request.method != "GET":
        raise statuses.method_not_allowed()
    if target.name:
        return "get"
    return "watch" if watches else "list"


def _check_accept(request: Request) -> None:
    accept = request.headers.get("accept", "*/*")
    if not any(kind in accept for kind in ("json", "*/*", "application/*")):
        raise statuses.not_acceptable()


def _json_body(request: Request) -> dict[str, Any]:
    if "json" not in request.headers.get("content-type", "application/json"):
        raise statuses.unsupported_media_type()
    try:
        body = msgspec.json.decode(request.body or b"{}")
    except msgspec.DecodeError as problem:
        raise statuses.bad_request(f"couldn't get version/kind; json parse error: {problem}") from problem
    if not isinstance(body, dict):
        raise statuses.bad_request("couldn't get version/kind; the body is not an object")
    return body
