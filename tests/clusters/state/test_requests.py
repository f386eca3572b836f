"""Effective requests and limits against the scheduler's own library."""

import msgspec
import pytest

from clusters.state.pods import PodSpec, PodStatus
from clusters.state.quantities import millis, whole
from clusters.state.requests import Pair, effective
from tests.clusters import recorded

PODS = list(recorded.values("pod-requests.jsonl"))


@pytest.mark.parametrize("number", range(len(PODS)))
def test_requests_and_limits_equal_the_schedulers(number: int) -> None:
    line = PODS[number]
    spec = msgspec.convert(line["pod"]["spec"], PodSpec)
    status = msgspec.convert(line["pod"].get("status") or {}, PodStatus)

    pair = effective(spec, status)

    assert _shown(pair.requests) == _recorded(line["requests"])
    assert _shown(pair.limits) == _recorded(line["limits"])


def _shown(pair: Pair) -> tuple[int, int | None]:
    return millis(pair.cpu), whole(pair.memory)


def _recorded(amounts: dict[str, str] | None) -> tuple[int, int]:
    known = amounts or {}
    return int(known.get("cpu_milli", 0)), int(known.get("memory", 0))


def _cpu(spec: dict[str, object]) -> int:
    return millis(effective(msgspec.convert(spec, PodSpec), PodStatus()).requests.cpu)


def _container(cpu: str, **more: object) -> dict[str, object]:
    return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **more}


SIDECAR = _container("100m", restartPolicy="Always")


def test_an_init_container_that_asks_for_more_than_all_others_decides() -> None:
    spec = {"containers": [_container("200m"), _container("300m")], "initContainers": [_container("1")]}
    assert _cpu(spec) == 1000


def test_a_sidecar_counts_for_the_init_containers_after_it() -> None:
    assert _cpu({"containers": [_container("200m")], "initContainers": [SIDECAR, _container("500m")]}) == 600
    assert _cpu({"containers": [_container("200m")], "initContainers": [_container("500m"), SIDECAR]}) == 500


def test_overhead_is_added_and_the_pods_own_amount_wins() -> None:
    spec = {
        "containers": [_container("200m")], "overhead": {"cpu": "250m"},
        "resources": {"requests": {"cpu": "1"}},
    }  # fmt: skip
    assert _cpu(spec) == 1250


def test_an_absurd_request_is_held_and_a_negative_one_is_nothing() -> None:
    assert _cpu({"containers": [_container("1e2147483647")]}) == (2**63 - 1) * 1000
    assert _cpu({"containers": [_container("-5"), _container("x"), _container("1")]}) == 1000
