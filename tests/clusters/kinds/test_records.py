"""Kinds by name, and records of them."""

import pytest

from clusters.kinds import decode_record, encode_record, kind_named
from clusters.state.resource import Resource
from tests.resources import a_resource


def test_a_kind_is_found_with_and_without_its_group() -> None:
    assert kind_named("Deployment") is kind_named("Deployment.apps")
    with pytest.raises(KeyError):
        kind_named("Deployment.extensions")


def test_a_record_of_a_kind_no_longer_read_keeps_what_all_kinds_have() -> None:
    gone = a_resource(kind="Gone")

    assert decode_record("Gone", memoryview(encode_record(gone))) == gone


def test_an_older_record_without_the_newest_fields_is_readable() -> None:
    old: Resource = a_resource(kind="Pod", name="web-1")

    pod = decode_record("Pod", encode_record(old))

    assert (pod.name, pod.restarts) == ("web-1", 0)  # type: ignore[attr-defined]


def test_a_record_of_a_newer_release_is_refused() -> None:
    with pytest.raises(ValueError, match="newer release"):
        decode_record("Pod", b"\x02\x90")
