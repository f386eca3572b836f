"""What a pod asks for and may use, as the scheduler adds it up: sidecars, init peak, overhead, resize.

All amounts are in nanos (clusters.state.quantities), so nothing is rounded before the end.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from clusters.state.objects import condition
from clusters.state.pods import ALWAYS, Amounts, Container, PodSpec, PodStatus, Requirements
from clusters.state.quantities import nanos_or_zero


class Pair(NamedTuple):
    """CPU and memory in nanos."""

    cpu: int
    memory: int


ZERO = Pair(0, 0)
_Amount = Callable[[Container], Pair]


class Effective(NamedTuple):
    """Effective requests and limits of a pod; a limit of 0 is none."""

    requests: Pair
    limits: Pair


def effective(spec: PodSpec, status: PodStatus) -> Effective:
    """Requests and limits of the whole pod."""
    if _is_plain(spec, status):
        return _plain_sum(spec)
    resized = _Resized(spec, status)
    overhead = _pair(spec.overhead)
    requests = _over(_sum(spec, resized.requests, _own_requests), resized.pod_requests())
    limits = _over(_sum(spec, resized.limits, _own_limits), resized.pod_limits())
    return Effective(
        Pair(requests.cpu + overhead.cpu, requests.memory + overhead.memory),
        Pair(limits.cpu and limits.cpu + overhead.cpu, limits.memory and limits.memory + overhead.memory),
    )


def _is_plain(spec: PodSpec, status: PodStatus) -> bool:
    """Whether the requests are simply those of the containers: so it is for most pods, and that is cheap."""
    if spec.init_containers or spec.overhead or spec.resources:
        return False
    for one in status.container_statuses or ():  # noqa: SIM110 – all() is slower, and this is a hot path
        if one.resources is not None:
            return False
    return True


def _plain_sum(spec: PodSpec) -> Effective:
    containers = spec.containers or ()
    if len(containers) == 1:
        return _alone(*_texts(containers[0].resources))
    requests = limits = ZERO
    for container in containers:
        one = _alone(*_texts(container.resources))
        requests = Pair(requests.cpu + one.requests.cpu, requests.memory + one.requests.memory)
        limits = Pair(limits.cpu + one.limits.cpu, limits.memory + one.limits.memory)
    return Effective(requests, limits)


def _texts(resources: Requirements | None) -> tuple[str | None, str | None, str | None, str | None]:
    """CPU and memory of the requests, then of the limits."""
    if resources is None:
        return None, None, None, None
    requests, limits = resources.requests or _NOTHING, resources.limits or _NOTHING
    return requests.cpu, requests.memory, limits.cpu, limits.memory


_NOTHING = Amounts()


@lru_cache(maxsize=8192)  # All pods of a workload ask for the same.
def _alone(cpu: str | None, memory: str | None, cpu_limit: str | None, memory_limit: str | None) -> Effective:
    """What one container asks for and may use."""
    return Effective(
        Pair(nanos_or_zero(cpu), nanos_or_zero(memory)),
        Pair(nanos_or_zero(cpu_limit), nanos_or_zero(memory_limit)),
    )


class _Resized:
    """What each container asks for while its resources are being changed in place."""

    def __init__(self, spec: PodSpec, status: PodStatus) -> None:
        self.spec = spec
        self.status = status
        statuses = (*(status.container_statuses or ()), *(status.init_container_statuses or ()))
        self.statuses = {one.name: one for one in statuses if one.resources is not None}
        pending = condition(status.conditions, "PodResizePending")
        self.is_infeasible = pending is not None and pending.reason == "Infeasible"

    def requests(self, container: Container) -> Pair:
        """What one container that goes on running asks for."""
        wanted = _own_requests(container)
        one = self.statuses.get(container.name)
        if one is None:
            return wanted
        return self._most(wanted, _requests_in(one.resources), one.allocated_resources)

    def limits(self, container: Container) -> Pair:
        """What one container that goes on running may use."""
        wanted = _own_limits(container)
        one = self.statuses.get(container.name)
        return wanted if one is None else self._most(wanted, _limits_in(one.resources))

    def pod_requests(self) -> tuple[Amounts | None, Pair]:
        """Which requests the pod as a whole names, and how much they are."""
        named = _requests_in(self.spec.resources)
        given = _requests_in(self.status.resources)
        return named, self._pod_level(_pair(named), given, self.status.allocated_resources)

    def pod_limits(self) -> tuple[Amounts | None, Pair]:
        """Which limits the pod as a whole names, and how much they are."""
        named = _limits_in(self.spec.resources)
        return named, self._pod_level(_pair(named), _limits_in(self.status.resources))

    def _pod_level(self, wanted: Pair, *others: Amounts | None) -> Pair:
        return wanted if self.status.resources is None else self._most(wanted, *others)

    def _most(self, wanted: Pair, *others: Amounts | None) -> Pair:
        pairs = [_pair(other) for other in others]
        if not self.is_infeasible:
            pairs.append(wanted)
        return Pair(max(pair.cpu for pair in pairs), max(pair.memory for pair in pairs))


def _sum(spec: PodSpec, of: _Amount, own: _Amount) -> Pair:
    """All that run side by side, or the peak of the start where that is more."""
    cpu = memory = 0
    for container in spec.containers or ():
        pair = of(container)
        cpu += pair.cpu
        memory += pair.memory
    sidecars, peak = _start(spec, of, own)
    return Pair(max(cpu + sidecars.cpu, peak.cpu), max(memory + sidecars.memory, peak.memory))


def _start(spec: PodSpec, of: _Amount, own: _Amount) -> tuple[Pair, Pair]:
    """The sum of the sidecars, and the most that is asked for while the init containers take their turns."""
    sidecars = peak = ZERO
    for container in spec.init_containers or ():
        if container.restart_policy == ALWAYS:
            pair = of(container)
            sidecars = Pair(sidecars.cpu + pair.cpu, sidecars.memory + pair.memory)
            peak = Pair(max(peak.cpu, sidecars.cpu), max(peak.memory, sidecars.memory))
        else:
            pair = own(container)  # It ends, so it is never resized.
            peak = Pair(
                max(peak.cpu, pair.cpu + sidecars.cpu), max(peak.memory, pair.memory + sidecars.memory)
            )
    return sidecars, peak


def _own_requests(container: Container) -> Pair:
    return _pair(_requests_in(container.resources))


def _own_limits(container: Container) -> Pair:
    return _pair(_limits_in(container.resources))


def _over(summed: Pair, named: tuple[Amounts | None, Pair]) -> Pair:
    """What the pod as a whole names wins over the sum, for each resource by itself."""
    amounts, level = named
    if amounts is None:
        return summed
    return Pair(
        summed.cpu if amounts.cpu is None else level.cpu,
        summed.memory if amounts.memory is None else level.memory,
    )


def _pair(amounts: Amounts | None) -> Pair:
    if amounts is None:
        return ZERO
    return Pair(nanos_or_zero(amounts.cpu), nanos_or_zero(amounts.memory))


def _requests_in(resources: Requirements | None) -> Amounts | None:
    return None if resources is None else resources.requests


def _limits_in(resources: Requirements | None) -> Amounts | None:
    return None if resources is None else resources.limits
