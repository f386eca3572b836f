"""Answers of metrics.k8s.io, real and hostile."""

import gzip
import json
from pathlib import Path

import pytest

from metrics.usage.readings import (
    Usage,
    UsageFormatError,
    cpu_cores,
    decode_node_usage,
    decode_pod_usage,
    memory_bytes,
)

RECORDED = Path(__file__).parents[2] / "data" / "apiserver"


def recorded(name: str) -> bytes:
    return gzip.decompress((RECORDED / name).read_bytes())


def pod(*containers: dict[str, object], name: str = "web") -> dict[str, object]:
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "containers": [{"name": "c", "usage": usage} for usage in containers],
    }


def decode(*items: object) -> list[Usage]:
    return decode_pod_usage(json.dumps({"kind": "PodMetricsList", "items": list(items)}).encode())


def test_each_node_of_a_real_answer_has_its_usage() -> None:
    usages = decode_node_usage(recorded("list-nodemetrics.json.gz"))

    assert len(usages) == len(json.loads(recorded("list-nodemetrics.json.gz"))["items"])
    assert usages[0] == Usage("", "node-0000", 19.02450528, 25035 << 20)


def test_a_real_pods_usage_is_the_sum_of_its_containers() -> None:
    usage = decode_pod_usage(recorded("list-podmetrics.json.gz"))[0]

    assert usage[:2] == ("batch", "svc-0010-7f76b4697d-d4rcx")
    assert usage.cpu_cores == pytest.approx(0.303896893 + 0.303896719)
    assert usage.memory_bytes == 2 * 262 << 20


def test_a_pod_is_unknown_where_one_of_its_containers_is() -> None:
    known = {"cpu": "1", "memory": "1Mi"}

    assert decode(pod(known, {"memory": "1Mi"})) == [Usage("shop", "web", None, 2 << 20)]
    assert decode(pod(known, {"cpu": "NaN", "memory": "-1"})) == [Usage("shop", "web", None, None)]


def test_a_pod_without_containers_is_unknown_and_not_zero() -> None:
    assert decode(pod()) == [Usage("shop", "web", None, None)]


def test_an_idle_pod_is_zero_and_not_unknown() -> None:
    assert decode(pod({"cpu": "0", "memory": "0"})) == [Usage("shop", "web", 0.0, 0)]


def test_an_item_that_cannot_be_understood_is_left_out() -> None:
    good = pod({"cpu": "1", "memory": "1Mi"})
    bad = [
        7,
        None,
        {},
        {"metadata": {"name": 3}},
        pod({"cpu": 5}),
        {"metadata": {"name": "x"}, "containers": 1},
    ]

    assert decode(*bad, good) == [Usage("shop", "web", 1.0, 1 << 20)]


def test_an_item_in_broken_text_is_left_out() -> None:
    good = json.dumps(pod({"cpu": "1", "memory": "1Mi"})).encode()

    assert len(decode_pod_usage(b'{"items":["\xff",' + good + b"]}")) == 1


def test_an_empty_list_may_be_null() -> None:
    assert decode_node_usage(b'{"items":null}') == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"items":7}', b'{"kind":"Status"}', b"\xff\xfe", b'{"i']
)
def test_what_is_no_list_says_so(body: bytes) -> None:
    with pytest.raises(UsageFormatError):
        decode_pod_usage(body)


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("137640145n", 0.137640145),
        ("250u", 0.00025),
        ("1500m", 1.5),
        ("1.5", 1.5),
        (".5", 0.5),
        ("2k", 2000.0),
        ("1e3", 1000.0),
        ("1E", None),
        ("", None),
        ("n", None),
        ("-5m", None),
        ("NaN", None),
        ("inf", None),
        ("1e2147483647", None),
        ("9" * 31, None),
        ("9" * 5000 + "n", None),
        ("١٢n", None),
        (None, None),
    ],
)
def test_cores_are_read_or_unknown(text: str | None, cores: float | None) -> None:
    assert cpu_cores(text) == cores


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("120920Ki", 120920 << 10),
        ("1.5Gi", 3 << 29),
        ("128974848", 128974848),
        ("129M", 129_000_000),
        ("100m", 1),
        ("1e-9", 1),
        ("4Ei", None),
        ("-1Ki", None),
        ("Ki", None),
        ("12KI", None),
        ("1 Mi", None),
        (None, None),
    ],
)
def test_bytes_are_read_or_unknown(text: str | None, size: int | None) -> None:
    assert memory_bytes(text) == size
