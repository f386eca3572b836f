"""Keyframes in and out of their stored form."""

import pytest

from clusters.state.resource import Turn
from metrics.journal.keyframes import decode_picture, encode_picture
from metrics.packing import StoredFormatError
from tests.metrics.journal.builders import resource


def test_every_resource_of_a_picture_comes_back() -> None:
    resources = [
        resource("a"),
        resource("n", kind="Node"),
        resource("b", turns=(Turn(5, "degraded", "Pending"),)),
    ]

    found = decode_picture(encode_picture(iter(resources)))

    assert sorted(found, key=lambda r: r.uid) == sorted(resources, key=lambda r: r.uid)


def test_an_empty_cluster_has_an_empty_picture() -> None:
    assert decode_picture(encode_picture([])) == []


def test_a_picture_of_a_newer_version_says_so() -> None:
    with pytest.raises(StoredFormatError, match="format 09"):
        decode_picture(b"\x09" + encode_picture([])[1:])
