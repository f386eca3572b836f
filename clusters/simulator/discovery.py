"""What there is to ask: /version, /api, /apis and their lists, old form and aggregated."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from clusters.simulator.served import SERVED, ResourceType

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_REVIEWS = (
    ("authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview"),
    ("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    ("authorization.k8s.io", "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
)
TYPES = SERVED + tuple(
    ResourceType(group, version, plural, kind, is_namespaced=False, verbs=("create",))
    for group, version, plural, kind in _REVIEWS
)


def version(git_version: str) -> dict[str, str]:
    """The body of /version."""
    major, minor = git_version.lstrip("v").split(".")[:2]
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": git_version,
        "gitCommit": "0000000000000000000000000000000000000000",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "go1.26.8",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def api_versions(address: str) -> dict[str, Any]:
    """The body of /api in its old form."""
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}


def groups() -> dict[str, Any]:
    """The body of /apis in its old form."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group(name) for name in group_names()]}


def group_names() -> list[str]:
    """The named groups, in the order they are served."""
    return list(dict.fromkeys(served.group for served in TYPES if served.group))


def group(name: str) -> dict[str, Any]:
    """One group, as /apis lists it and /apis/NAME answers."""
    versions = list(dict.fromkeys(served.version for served in TYPES if served.group == name))
    listed = [{"groupVersion": f"{name}/{one}", "version": one} for one in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resources(group_name: str, version_name: str) -> dict[str, Any] | None:
    """The body of /api/v1 or /apis/GROUP/VERSION in its old form; None where nothing is served."""
    there = [one for one in TYPES if (one.group, one.version) == (group_name, version_name)]
    if not there:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": there[0].api_version,
        "resources": [_resource(one) for one in there],
    }


def aggregated(groups_served: Callable[[str], bool]) -> dict[str, Any]:
    """The body of /api or /apis in the aggregated form: the groups the caller picks."""
    by_group: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for served in TYPES:
        if groups_served(served.group):
            by_group[served.group][served.version].append(_aggregated_resource(served))
    items = [
        {
            "metadata": {"name": name} if name else {},
            "versions": [
                {"version": one, "resources": listed, "freshness": "Current"}
                for one, listed in versions.items()
            ],
        }
        for name, versions in by_group.items()
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _resource(served: ResourceType) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": served.plural,
        "singularName": served.kind.lower(),
        "namespaced": served.is_namespaced,
        "kind": served.kind,
        "verbs": list(served.verbs),
    }
    if served.short_names:
        described["shortNames"] = list(served.short_names)
    return described


def _aggregated_resource(served: ResourceType) -> dict[str, Any]:
    described: dict[str, Any] = {
        "resource": served.plural,
        "responseKind": {"group": "", "version": "", "kind": served.kind},
        "scope": "Namespaced" if served.is_namespaced else "Cluster",
        "singularResource": served.kind.lower(),
        "verbs": list(served.verbs),
    }
    if served.short_names:
        described["shortNames"] = list(served.short_names)
    return described
