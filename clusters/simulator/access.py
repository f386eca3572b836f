"""Who may do what in a simulated cluster: tokens, client certificates, and rules as RBAC has them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from clusters.simulator.served import ResourceType
from clusters.simulator.statuses import forbidden, forbidden_path, unauthorized
from clusters.simulator.wire import Request

READER = "system:serviceaccount:topmast:topmast-reader"
ADMIN = "kubernetes-admin"
OPEN_PATHS = (
    "/healthz", "/livez", "/readyz", "/version", "/version/",
)  # fmt: skip
DISCOVERY_PATHS = (
    "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz",
    "/version", "/version/",
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """One PolicyRule for resources."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]

    def allows(self, verb: str, group: str, resource: str) -> bool:
        """Whether this rule alone allows it."""
        return _in(verb, self.verbs) and _in(group, self.groups) and _in(resource, self.resources)

    def as_json(self) -> dict[str, list[str]]:
        """The rule as a SelfSubjectRulesReview shows it."""
        return {
            "verbs": list(self.verbs),
            "apiGroups": list(self.groups),
            "resources": list(self.resources),
        }


EVERYBODY = (
    Rule(("authorization.k8s.io",), ("selfsubjectaccessreviews", "selfsubjectrulesreviews"), ("create",)),
    Rule(("authentication.k8s.io",), ("selfsubjectreviews",), ("create",)),
)
EVERYTHING = (Rule(("*",), ("*",), ("*",)),)
READ = ("get", "list", "watch")
READ_ALL = (
    Rule(("",), ("nodes", "namespaces", "pods", "events"), READ),
    Rule(("apps",), ("deployments", "replicasets", "statefulsets", "daemonsets"), READ),
    Rule(("batch",), ("jobs", "cronjobs"), READ),
    Rule(("events.k8s.io",), ("events",), READ),
    Rule(("metrics.k8s.io",), ("nodes", "pods"), ("get", "list")),
)


@dataclass
class Account:
    """Somebody the cluster knows."""

    username: str
    groups: tuple[str, ...] = ("system:authenticated",)
    uid: str = ""
    rules: list[Rule] = field(default_factory=list)

    def may(self, verb: str, group: str, resource: str) -> bool:
        """Whether one of the account's rules allows it."""
        return any(rule.allows(verb, group, resource) for rule in (*self.rules, *EVERYBODY))

    @property
    def is_admin(self) -> bool:
        """Whether it may do everything, other paths included."""
        return any("*" in rule.resources and "*" in rule.verbs for rule in self.rules)


class Access:
    """The accounts of one cluster and their credentials."""

    def __init__(self, *, reader_token: str, admin_token: str, uid_seed: str) -> None:
        reader_uid = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"reader.{uid_seed}"))
        groups = ("system:serviceaccounts", "system:serviceaccounts:topmast", "system:authenticated")
        self.reader = Account(READER, groups, reader_uid, list(READ_ALL))
        admin_groups = ("system:masters", "system:authenticated")
        self.admin = Account(ADMIN, admin_groups, "", list(EVERYTHING))
        self.tokens: dict[str, Account] = {reader_token: self.reader, admin_token: self.admin}
        self.certificates: dict[str, Account] = {ADMIN: self.admin}

    def identify(self, request: Request) -> Account:
        """Who sends this request. Raises a 401 for nobody and for unknown credentials."""
        bearer = request.headers.get("authorization", "")
        if bearer:
            scheme, _, token = bearer.partition(" ")
            account = self.tokens.get(token.strip()) if scheme.lower() == "bearer" else None
        else:
            account = self.certificates.get(_common_name(request.peer_certificate))
        if account is None:
            raise unauthorized()
        return account

    def rotate(self, token: str) -> None:
        """Have the reader's old tokens rejected and a new one accepted."""
        self.tokens = {old: who for old, who in self.tokens.items() if who is not self.reader}
        self.tokens[token] = self.reader

    def revoke(self, group: str, resource: str, verbs: Iterable[str] = READ) -> None:
        """Take verbs on one resource from the reader; the other rights stay."""
        refused = set(verbs)
        kept: list[Rule] = []
        for rule in self.reader.rules:
            if group not in rule.groups or resource not in rule.resources:
                kept.append(rule)
                continue
            others = tuple(name for name in rule.resources if name != resource)
            left = tuple(verb for verb in rule.verbs if verb not in refused)
            if others:
                kept.append(Rule(rule.groups, others, rule.verbs))
            if left:
                kept.append(Rule((group,), (resource,), left))
        self.reader.rules = kept

    def grant(self, group: str, resource: str, verbs: Iterable[str] = READ) -> None:
        """Give the reader verbs on one resource."""
        self.reader.rules.append(Rule((group,), (resource,), tuple(verbs)))


def check_resource(account: Account, verb: str, served: ResourceType, namespace: str, name: str) -> None:
    """Raise a 403 unless the account may do this."""
    if not account.may(verb, served.group, served.plural):
        raise forbidden(account.username, verb, served, namespace, name)


def check_path(account: Account, verb: str, path: str) -> None:
    """Raise a 403 unless the account may ask for a path that is no resource."""
    if account.is_admin or (verb == "get" and _is_discovery(path)):
        return
    raise forbidden_path(account.username, verb, path)


def who_am_i(account: Account, creation_timestamp: str) -> dict[str, Any]:
    """The answer to a SelfSubjectReview."""
    user: dict[str, Any] = {"username": account.username}
    if account.uid:
        user["uid"] = account.uid
    user["groups"] = list(account.groups)
    return {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": creation_timestamp},
        "status": {"userInfo": user},
    }


def access_review(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to a SelfSubjectAccessReview."""
    spec = asked.get("spec") or {}
    attributes = spec.get("resourceAttributes")
    if attributes is not None:
        group, resource = str(attributes.get("group", "")), str(attributes.get("resource", ""))
        is_allowed = account.may(str(attributes.get("verb", "")), group, resource)
    else:
        path = str((spec.get("nonResourceAttributes") or {}).get("path", ""))
        is_allowed = account.is_admin or _is_discovery(path)
    answer: dict[str, Any] = {"allowed": is_allowed}
    if is_allowed:
        answer["reason"] = f'RBAC: allowed by ClusterRoleBinding "{_binding(account)}"'
    return {
        "kind": "SelfSubjectAccessReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": spec,
        "status": answer,
    }


def rules_review(account: Account) -> dict[str, Any]:
    """The answer to a SelfSubjectRulesReview."""
    paths = [{"verbs": ["get"], "nonResourceURLs": list(DISCOVERY_PATHS)}]
    if account.is_admin:
        paths.append({"verbs": ["*"], "nonResourceURLs": ["*"]})
    paths.append({"verbs": ["get"], "nonResourceURLs": list(OPEN_PATHS)})
    return {
        "kind": "SelfSubjectRulesReview",
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": {},
        "spec": {},
        "status": {
            "resourceRules": [rule.as_json() for rule in (*account.rules, *EVERYBODY)],
            "nonResourceRules": paths,
            "incomplete": False,
        },
    }


def _in(word: str, words: tuple[str, ...]) -> bool:
    return word in words or "*" in words


def _binding(account: Account) -> str:
    return "cluster-admin" if account.is_admin else account.username.rpartition(":")[2]


def _is_discovery(path: str) -> bool:
    return any(path == one or (one.endswith("*") and path.startswith(one[:-1])) for one in DISCOVERY_PATHS)


def _common_name(certificate: dict[str, object] | None) -> str:
    for part in (certificate or {}).get("subject", ()):  # type: ignore[attr-defined]
        for name, value in part:
            if name == "commonName":
                return str(value)
    return ""
