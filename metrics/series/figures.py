"""Every figure that has a history, declared once: unit, meaning, label, how computed, how checked. Pure.

Charts, REST and docs read this list. A figure is kept as whole numbers of its resolution, because that is
what packs well: a thousandth of a core and a mebibyte are what `kubectl top` prints.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from clusters.state.resource import HEALTHS
from clusters.state.summary import Cpu, Memory, Summary

CLUSTER = ""
"""The subject of the cluster itself."""
MEBIBYTE = 1 << 20
_MOST_UNITS = 1 << 62
_MOST_SCALED = float(_MOST_UNITS)


def node_subject(name: str) -> str:
    """The subject of one node."""
    return f"Node/{name}"


@dataclass(frozen=True, eq=False)
class Figure:
    """One number with a history. Each is declared once and is equal to itself alone.

    `code` stands for it in stored rows and is never used for another. `units_per_one` units make one of
    `unit`; averages over a longer step are kept
    `average_fineness` times finer, so that 1 pod of 10 minutes does not round away.
    """

    code: int
    name: str
    unit: str
    label: str
    meaning: str
    computed: str
    checked: str
    units_per_one: float = 1.0
    average_fineness: int = 1

    def to_units(self, value: float | None) -> int | None:
        """The whole number that is kept; None for unknown and for what is no number."""
        return _unit_of(value, self.units_per_one)

    def from_units(self, units: float | None, *, fineness: int = 1) -> float | None:
        """The value of what is kept."""
        return None if units is None else units / (self.units_per_one * fineness)


def units_of(values: Iterable[float | None], units_per_one: float) -> list[int | None]:
    """The whole numbers that are kept of values of one figure; None for unknown and for what is no number.

    All in one go: a tick of a hundred nodes has seven hundred, most of them whole already.
    """
    if units_per_one == 1.0:
        most = _MOST_UNITS
        return [v if type(v) is int and -most < v < most else _unit_of(v, 1.0) for v in values]
    return [None if value is None else _unit_of(value, units_per_one) for value in values]


def _unit_of(value: float | None, units_per_one: float) -> int | None:
    if value is None:
        return None
    units = value * units_per_one
    # What is no number is not less than anything.
    return round(units) if -_MOST_SCALED < units < _MOST_SCALED else None


_USAGE_CHECK = "`kubectl top nodes`, summed; differs by what changed between two rounds of metrics.k8s.io"
_REQUEST_CHECK = "`kubectl describe nodes`, Allocated resources"
_COUNT_CHECK = "the list it counts, at the same moment"


def _cores(code: int, name: str, label: str, meaning: str, computed: str, checked: str) -> Figure:
    return Figure(code, name, "cores", label, meaning, computed, checked, units_per_one=1000.0)


def _bytes(code: int, name: str, label: str, meaning: str, computed: str, checked: str) -> Figure:
    return Figure(code, name, "bytes", label, meaning, computed, checked)


def _count(
    code: int, name: str, label: str, meaning: str, computed: str, checked: str = _COUNT_CHECK
) -> Figure:
    return Figure(code, name, "count", label, meaning, computed, checked, average_fineness=100)


def _by_health(first_code: int, prefix: str, plural: str) -> tuple[Figure, ...]:
    return tuple(
        _count(
            code,
            f"{prefix}_{health}",
            f"{plural}, {health.replace('_', ' ')}",
            f"{plural} judged {health.replace('_', ' ')}",
            f"count of {plural.lower()} with that health",
        )
        for code, health in enumerate(HEALTHS, first_code)
    )


FIGURES: tuple[Figure, ...] = (
    _cores(
        1,
        "cpu_used_cores",
        "CPU used",
        "CPU in use, averaged over the cluster's own window of about 15 s",
        "metrics.k8s.io, usage.cpu of the nodes; unknown where a node's is",
        _USAGE_CHECK,
    ),
    _cores(
        2,
        "cpu_requested_cores",
        "CPU requested",
        "what the scheduler holds back for the pods placed on nodes",
        "effective requests of scheduled pods that have not ended",
        _REQUEST_CHECK,
    ),
    _cores(
        3,
        "cpu_allocatable_cores",
        "CPU allocatable",
        "what the nodes offer to pods",
        "status.allocatable.cpu of the nodes",
        "`kubectl get nodes -o json`",
    ),
    Figure(
        4,
        "memory_used_bytes",
        "bytes",
        "Memory used",
        "working set, which the kernel cannot simply drop; kept in whole mebibytes",
        "metrics.k8s.io, usage.memory of the nodes; unknown where a node's is",
        _USAGE_CHECK,
        units_per_one=1 / MEBIBYTE,
    ),
    _bytes(
        5,
        "memory_requested_bytes",
        "Memory requested",
        "what the scheduler holds back for the pods placed on nodes",
        "effective requests of scheduled pods that have not ended",
        _REQUEST_CHECK,
    ),
    _bytes(
        6,
        "memory_allocatable_bytes",
        "Memory allocatable",
        "what the nodes offer to pods",
        "status.allocatable.memory of the nodes",
        "`kubectl get nodes -o json`",
    ),
    _count(9, "pods_total", "Pods", "pods that exist, ended ones too", "count of pods"),
    *_by_health(16, "pods", "Pods"),
    _count(10, "nodes_total", "Nodes", "nodes that are registered", "count of nodes"),
    _count(
        11, "nodes_ready", "Nodes ready", "nodes whose Ready condition is True", "count by condition Ready"
    ),
    *_by_health(24, "workloads", "Workloads"),
    _count(
        12,
        "restarts_total",
        "Restarts",
        "container restarts of the pods that exist; falls when a pod is deleted",
        "sum of restartCount over containers",
        "`kubectl get pods -A`, column RESTARTS, summed",
    ),
)

_BY_NAME = {figure.name: figure for figure in FIGURES}
_BY_CODE = {figure.code: figure for figure in FIGURES}


def figure_named(name: str) -> Figure:
    """The figure of that name; KeyError where none is declared."""
    return _BY_NAME[name]


def fineness_of(code: int) -> int:
    """How much finer averages of that figure are kept than values; 1 for one no longer declared."""
    figure = _BY_CODE.get(code)
    return 1 if figure is None else figure.average_fineness


def cluster_points(summary: Summary, *, restarts_total: int | None = None) -> dict[str, float | None]:
    """The cluster's own figures, from its totals."""
    points: dict[str, float | None] = {
        "cpu_used_cores": summary.cpu.used_cores,
        "cpu_requested_cores": summary.cpu.requested_cores,
        "cpu_allocatable_cores": summary.cpu.allocatable_cores,
        "memory_used_bytes": summary.memory.used_bytes,
        "memory_requested_bytes": summary.memory.requested_bytes,
        "memory_allocatable_bytes": summary.memory.allocatable_bytes,
        "pods_total": summary.pods.total,
        "nodes_total": summary.nodes.total,
        "nodes_ready": summary.nodes_ready,
        "restarts_total": restarts_total,
    }
    points.update((f"pods_{health}", getattr(summary.pods, health)) for health in HEALTHS)
    points.update((f"workloads_{health}", getattr(summary.workloads, health)) for health in HEALTHS)
    return points


def node_points(*, cpu: Cpu, memory: Memory, pods_total: int | None) -> dict[str, float | None]:
    """The figures of one node."""
    return {
        "cpu_used_cores": cpu.used_cores,
        "cpu_requested_cores": cpu.requested_cores,
        "cpu_allocatable_cores": cpu.allocatable_cores,
        "memory_used_bytes": memory.used_bytes,
        "memory_requested_bytes": memory.requested_bytes,
        "memory_allocatable_bytes": memory.allocatable_bytes,
        "pods_total": pods_total,
    }
