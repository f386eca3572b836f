"""Rounds of pod usage: packed, latest, forgotten."""

import gzip
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.models import UsageRound
from metrics.packing import StoredFormatError
from metrics.usage.readings import Usage, decode_pod_usage
from metrics.usage.rounds import latest, pack, prune, store, unpack
from tests.metrics.rows import a_cluster

RECORDED = Path(__file__).parents[2] / "data" / "apiserver" / "list-podmetrics.json.gz"
MINUTE = 60_000

some_usage = st.builds(
    Usage,
    st.sampled_from(["shop", "batch", ""]),
    st.text(max_size=8),
    st.none() | st.floats(0, 1_000),
    st.none() | st.integers(0, 1 << 50),
)


@given(st.lists(some_usage, unique_by=lambda usage: (usage.namespace, usage.name)))
def test_usage_comes_back_to_a_millionth_of_a_core(usages: list[Usage]) -> None:
    found = unpack(pack(usages))

    assert set(found) == {(usage.namespace, usage.name) for usage in usages}
    for usage in usages:
        cpu_cores, memory_bytes = found[usage.namespace, usage.name]
        assert memory_bytes == usage.memory_bytes
        assert (cpu_cores is None) == (usage.cpu_cores is None)
        assert cpu_cores is None or math.isclose(cpu_cores, usage.cpu_cores or 0, abs_tol=6e-7)


def test_a_real_round_takes_a_few_bytes_a_pod() -> None:
    usages = decode_pod_usage(gzip.decompress(RECORDED.read_bytes()))

    assert len(pack(usages)) / len(usages) < 16


@pytest.mark.parametrize("blob", [b"", b"\x02", b"\x01x", pack([])[:-1]])
def test_a_damaged_or_newer_round_says_so(blob: bytes) -> None:
    with pytest.raises(StoredFormatError):
        unpack(blob)


@pytest.mark.django_db
def test_the_latest_round_is_the_newest_of_that_cluster() -> None:
    cluster, other = a_cluster(), a_cluster()
    store(cluster.pk, 1_000, [Usage("shop", "a", 1.0, 5)])
    store(cluster.pk, 2_000, [Usage("shop", "a", 2.0, None)])
    store(other.pk, 3_000, [])

    assert latest(cluster.pk) == (2_000, {("shop", "a"): (2.0, None)})
    assert latest(other.pk) == (3_000, {})
    assert latest(a_cluster().pk) is None


@pytest.mark.django_db
def test_the_same_moment_is_kept_once() -> None:
    cluster = a_cluster()
    store(cluster.pk, 1_000, [Usage("shop", "a", 1.0, 5)])
    store(cluster.pk, 1_000, [])

    assert latest(cluster.pk) == (1_000, {("shop", "a"): (1.0, 5)})


@pytest.mark.django_db
def test_rounds_are_forgotten_after_an_hour() -> None:
    cluster = a_cluster()
    for minute in range(100):
        store(cluster.pk, minute * MINUTE, [])

    assert prune(100 * MINUTE) == 40
    assert UsageRound.objects.filter(cluster=cluster).count() == 60
    assert prune(100 * MINUTE) == 0
