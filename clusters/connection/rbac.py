"""The rights the portal needs in a cluster: read only, and no more than it uses."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

NAMESPACE = "topmast"
ACCOUNT = "topmast-reader"

# How kinds are read: list first, then watch.
VERBS = ("list", "watch")
# metrics.k8s.io knows no watch.
USAGE_GROUP = "metrics.k8s.io"
USAGE_RESOURCES = ("nodes", "pods")
USAGE_VERBS = ("list",)

_TITLE = """\
# What Topmast needs to read this cluster: an account of its own that may list and watch what is shown, and
# change nothing. Apply it with kubectl apply -f -
"""


class Readable(Protocol):
    """What is needed to know of a kind to ask for the right to read it."""

    @property
    def name(self) -> str:
        """Such as Pod."""

    @property
    def group(self) -> str:
        """The API group; "" for the first one."""

    @property
    def plural(self) -> str:
        """Such as pods."""


@dataclass(frozen=True, order=True)
class Rule:
    """One rule of a ClusterRole."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]

    def as_manifest(self) -> dict[str, list[str]]:
        """The rule as Kubernetes writes it."""
        return {"apiGroups": [self.group], "resources": list(self.resources), "verbs": list(self.verbs)}

    def __str__(self) -> str:
        """The rule in one line, to paste into a ClusterRole."""
        resources, verbs = ", ".join(self.resources), ", ".join(self.verbs)
        return f'- {{apiGroups: ["{self.group}"], resources: [{resources}], verbs: [{verbs}]}}'


def rules_for(kinds: Iterable[Readable]) -> tuple[Rule, ...]:
    """What reading these kinds and their usage takes: one rule an API group."""
    plurals: dict[str, set[str]] = defaultdict(set)
    for kind in kinds:
        plurals[kind.group].add(kind.plural)
    rules = [Rule(group, tuple(sorted(names)), VERBS) for group, names in sorted(plurals.items())]
    return (*rules, Rule(USAGE_GROUP, USAGE_RESOURCES, USAGE_VERBS))


def cluster_role_manifest(kinds: Iterable[Readable]) -> str:
    """The whole manifest: namespace, account, its token, its role and the binding of the two."""
    documents = (*_account(), _role(rules_for(kinds)), _binding())
    return _TITLE + yaml.safe_dump_all(documents, sort_keys=False, explicit_start=True)


def _account() -> tuple[dict[str, Any], ...]:
    metadata = {"name": ACCOUNT, "namespace": NAMESPACE}
    token = {**metadata, "annotations": {"kubernetes.io/service-account.name": ACCOUNT}}
    return (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata,
            # Nothing runs under this account; its token is only used from outside.
            "automountServiceAccountToken": False,
        },
        # Without an end: a token from `kubectl create token` would have to be replaced within a year at most.
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/service-account-token",
            "metadata": token,
        },
    )


def _role(rules: Iterable[Rule]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ACCOUNT},
        "rules": [rule.as_manifest() for rule in rules],
    }


def _binding() -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ACCOUNT},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ACCOUNT},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }
