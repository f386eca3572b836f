"""What it takes to be a kind: where to read it, what we keep of it, how it is printed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from clusters.state.resource import Resource


@dataclass(frozen=True)
class Column:
    """One printed column: `cell(resource, now_ms)` gives the text `kubectl get` shows.

    `wide` columns are shown only with -o wide.
    """

    name: str
    cell: Callable[[Any, int], str]
    wide: bool = False


@dataclass(frozen=True, eq=False)  # There is one of each, and to hash all its parts takes 5 µs.
class Kind:
    """One Kubernetes kind as the portal reads it.

    `api_object` is the msgspec Struct of only those fields that we decode; it has `metadata`.
    `read(api_object, now_ms)` is pure and gives the flat resource. `extra(resource)` gives the
    kind's own part of the REST answer, with None for unknown.
    """

    name: str
    group: str
    version: str
    plural: str
    namespaced: bool
    api_object: type[msgspec.Struct]
    resource: type[Resource]
    read: Callable[[Any, int], Resource]
    columns: tuple[Column, ...]
    extra: Callable[[Any], dict[str, object]] = field(default=lambda _resource: {})
    is_workload: bool = False

    @property
    def path(self) -> str:
        """The path of the list over all namespaces, such as /apis/apps/v1/deployments."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/{self.plural}"
