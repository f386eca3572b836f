"""Summaries in and out of their stored form."""

import pytest

from clusters.state.summary import Cause, Cpu, HealthCounts, Summary, decode_summary, encode_summary


def test_a_stored_summary_is_the_one_that_was_stored() -> None:
    cause = Cause("critical", "NotReady", "Node", "", "node-1", "Node", 1, None, "kubelet stopped")
    summary = Summary(
        version="v1.36.3", pods=HealthCounts(healthy=3), cpu=Cpu(used_cores=None), causes=[cause]
    )

    assert decode_summary(encode_summary(summary)) == summary
    assert decode_summary(memoryview(encode_summary(summary))) == summary


def test_nothing_stored_is_no_summary_and_a_newer_one_is_refused() -> None:
    assert decode_summary(b"") is None
    with pytest.raises(ValueError, match="newer release"):
        decode_summary(b"\x02{}")
