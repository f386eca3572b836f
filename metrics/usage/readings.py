"""What metrics.k8s.io answers, decoded into usage. Pure.

Two amounts a container, nearly all of them `137640145n` or `120920Ki`: those shapes cost a slice and an
int(), and whatever else Kubernetes allows goes through the full grammar. An item that cannot be understood
is left out; an amount that makes no sense is unknown, never 0.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from clusters.state.quantities import NANOS, cores, nanos_or_none, whole

CPU_LIMIT_CORES = 100_000.0
"""No machine has so many: what claims more is nonsense, and nonsense is unknown."""
MEMORY_LIMIT_BYTES = 1 << 50
_LONGEST = 32
PORTION_PODS = 100
_USUAL_UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


class Usage(NamedTuple):
    """What one node or pod used; a pod's is the sum of its containers. None is unknown."""

    namespace: str
    name: str
    cpu_cores: float | None
    memory_bytes: int | None


class UsageFormatError(ValueError):
    """The answer is no list of usage at all."""


class _Metadata(msgspec.Struct, gc=False):
    name: str
    namespace: str = ""


class _Amounts(msgspec.Struct, gc=False):
    cpu: str | None = None
    memory: str | None = None


class _Node(msgspec.Struct, gc=False):
    metadata: _Metadata
    usage: _Amounts


class _Container(msgspec.Struct, gc=False):
    usage: _Amounts


class _Pod(msgspec.Struct, gc=False):
    metadata: _Metadata
    containers: list[_Container]


class _NodeList(msgspec.Struct, gc=False):
    items: list[_Node] | None


class _RawList(msgspec.Struct, gc=False):
    items: list[msgspec.Raw] | None


_Item = TypeVar("_Item", _Node, _Pod)

_node_list = msgspec.json.Decoder(_NodeList)
_pods = msgspec.json.Decoder(list[_Pod])
_raw_list = msgspec.json.Decoder(_RawList)
_node = msgspec.json.Decoder(_Node)
_pod = msgspec.json.Decoder(_Pod)


def decode_node_usage(body: bytes | bytearray) -> list[Usage]:
    """The usage of each node in a NodeMetricsList."""
    try:
        nodes = _node_list.decode(body).items or []
    except (msgspec.MsgspecError, UnicodeDecodeError):
        nodes = _understood(_items(body), _node)
    return [_of_node(node) for node in nodes]


def decode_pod_usage(body: bytes | bytearray) -> list[Usage]:
    """The usage of each pod in a PodMetricsList."""
    return [usage for portion in pod_usage_portions(body) for usage in portion]


def pod_usage_portions(body: bytes | bytearray) -> Iterator[list[Usage]]:
    """The same, a portion after the other, each of less than a millisecond."""
    raws = _items(body)
    for start in range(0, len(raws), PORTION_PODS):
        yield [_of_pod(pod) for pod in _pods_of(raws[start : start + PORTION_PODS])]


def _pods_of(raws: list[msgspec.Raw]) -> list[_Pod]:
    try:
        return _pods.decode(b"[" + b",".join(raws) + b"]")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _understood(raws, _pod)


def _items(body: bytes | bytearray) -> list[msgspec.Raw]:
    try:
        return _raw_list.decode(body).items or []
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageFormatError("metrics.k8s.io answered with something that is no list of usage.") from error


def _understood(raws: list[msgspec.Raw], decoder: msgspec.json.Decoder[_Item]) -> list[_Item]:
    """The items that can be understood, where not all of them can."""
    items = []
    for raw in raws:
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            items.append(decoder.decode(raw))
    return items


def cpu_cores(text: str | None) -> float | None:
    """Cores in a quantity; None where it is no sensible amount.

    >>> cpu_cores("250000000n"), cpu_cores("1500m"), cpu_cores("-1"), cpu_cores("NaN")
    (0.25, 1.5, None, None)
    """
    if text is None or len(text) > _LONGEST:
        return None
    digits = text[:-1]
    is_usual = text[-1:] == "n" and digits.isascii() and digits.isdigit()
    amount = int(digits) / NANOS if is_usual else cores(nanos_or_none(text))
    return amount if amount is not None and amount <= CPU_LIMIT_CORES else None


def memory_bytes(text: str | None) -> int | None:
    """Bytes in a quantity, rounded up as Kubernetes does; None where it is no sensible amount.

    >>> memory_bytes("120920Ki"), memory_bytes("1.5Gi"), memory_bytes("9E")
    (123822080, 1610612736, None)
    """
    if text is None or len(text) > _LONGEST:
        return None
    unit = _USUAL_UNITS.get(text[-2:])
    digits = text[:-2]
    is_usual = unit is not None and digits.isascii() and digits.isdigit()
    amount = int(digits) * unit if is_usual and unit else whole(nanos_or_none(text))
    return amount if amount is not None and amount <= MEMORY_LIMIT_BYTES else None


def _of_node(node: _Node) -> Usage:
    metadata = node.metadata
    return Usage("", metadata.name, cpu_cores(node.usage.cpu), memory_bytes(node.usage.memory))


def _of_pod(pod: _Pod) -> Usage:
    """The sum of the containers; unknown where one of them is, or where there are none."""
    metadata, containers = pod.metadata, pod.containers
    if len(containers) == 1:
        usage = containers[0].usage
        return Usage(metadata.namespace, metadata.name, cpu_cores(usage.cpu), memory_bytes(usage.memory))
    cpu = _total([cpu_cores(container.usage.cpu) for container in containers])
    memory = _total([memory_bytes(container.usage.memory) for container in containers])
    return Usage(metadata.namespace, metadata.name, cpu, None if memory is None else int(memory))


def _total(parts: Sequence[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None
