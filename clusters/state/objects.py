"""What all API objects have, decoded: only the fields that are kept.

Kubernetes writes null for what is empty, so everything but the identity may be None. A string longer than
the API server would ever take makes the object unreadable, not the row too wide.
"""

from typing import Annotated

from msgspec import Meta, Struct

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Moment = Annotated[str, Meta(max_length=64)]
"""A timestamp as text: it may be nonsense, but not long, since the reading of moments is remembered."""
Quantity = Annotated[str, Meta(max_length=200)]
"""A quantity as text: it may be nonsense, but not long, for the same reason."""
Name = Annotated[str, Meta(min_length=1, max_length=253)]
Identity = Annotated[str, Meta(min_length=1, max_length=64)]


class Owner(Struct, gc=False):
    """An entry of ownerReferences."""

    kind: str
    name: str
    controller: bool | None = None


class Metadata(Struct, gc=False, rename="camel"):
    """Who an object is, and how old."""

    name: Name
    uid: Identity
    resource_version: Identity
    namespace: Annotated[str, Meta(max_length=63)] | None = None
    creation_timestamp: Moment | None = None
    deletion_timestamp: Moment | None = None
    generation: Int64 | None = None
    owner_references: list[Owner] | None = None

    def __post_init__(self) -> None:
        """PostgreSQL keeps no NUL, and no API server takes one: such an object is not understood."""
        if "\0" in self.name or "\0" in self.uid or (self.namespace and "\0" in self.namespace):
            raise ValueError("A name with a NUL in it.")


class Condition(Struct, gc=False, rename="camel"):
    """An entry of status.conditions."""

    type: str
    status: str
    reason: str | None = None
    message: str | None = None
    last_transition_time: Moment | None = None
    last_update_time: Moment | None = None


Conditions = list[Condition] | None


def condition(conditions: Conditions, type_: str) -> Condition | None:
    """The condition of that type, if the object has it."""
    for one in conditions or ():
        if one.type == type_:
            return one
    return None


def holds(conditions: Conditions, type_: str) -> bool:
    """Whether the condition of that type is True."""
    one = condition(conditions, type_)
    return one is not None and one.status == "True"


def controller(metadata: Metadata) -> Owner | None:
    """The owner that controls the object."""
    for owner in metadata.owner_references or ():
        if owner.controller:
            return owner
    return None


class ContainerImage(Struct, gc=False):
    """A container of a template, as far as it is printed."""

    name: str = ""
    image: str | None = None


class TemplateSpec(Struct, gc=False, rename="camel"):
    """The pod that a workload makes."""

    containers: list[ContainerImage] | None = None
    node_selector: dict[str, str | None] | None = None


class Template(Struct, gc=False):
    """A pod template."""

    spec: TemplateSpec | None = None


class Expression(Struct, gc=False):
    """An entry of matchExpressions."""

    key: str
    operator: str
    values: list[str] | None = None


class Selector(Struct, gc=False, rename="camel"):
    """A label selector."""

    match_labels: dict[str, str | None] | None = None
    match_expressions: list[Expression] | None = None
