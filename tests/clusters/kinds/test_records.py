"""Kinds by name, and records of them."""

import base64
import json

import msgspec
import pytest

from clusters.kinds import all_kinds, decode_record, encode_record, kind_named
from clusters.kinds.kind import Kind
from clusters.kinds.picture import resource_picture
from clusters.state.resource import HEALTHS, Resource
from tests.clusters import recorded
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


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("rest", [{}, {"spec": None, "status": None}, {"spec": {}, "status": {}}])
def test_an_object_with_nothing_but_its_name_is_read(kind: Kind, rest: dict[str, None]) -> None:
    metadata = {"name": "x", "uid": "u", "resourceVersion": "1", "creationTimestamp": None}
    one = kind.read(msgspec.convert({"metadata": metadata, **rest}, kind.api_object), 1_795_255_200_000)

    assert (one.kind, one.group, one.name) == (kind.name, kind.group, "x")
    assert one.health in HEALTHS
    assert decode_record(kind.name, encode_record(one)) == one
    msgspec.json.encode(resource_picture(one, now_ms=0))
    assert all(isinstance(column.cell(one, 0), str) for column in kind.columns)


def test_the_kinds_are_those_that_the_portal_reads() -> None:
    assert {(kind.name, kind.path) for kind in all_kinds()} == {
        ("Node", "/api/v1/nodes"), ("Namespace", "/api/v1/namespaces"), ("Pod", "/api/v1/pods"),
        ("Event", "/api/v1/events"), ("Deployment", "/apis/apps/v1/deployments"),
        ("ReplicaSet", "/apis/apps/v1/replicasets"), ("StatefulSet", "/apis/apps/v1/statefulsets"),
        ("DaemonSet", "/apis/apps/v1/daemonsets"), ("Job", "/apis/batch/v1/jobs"),
        ("CronJob", "/apis/batch/v1/cronjobs"),
    }  # fmt: skip


def test_a_record_of_a_newer_release_is_refused() -> None:
    with pytest.raises(ValueError, match="newer release"):
        decode_record("Pod", b"\x02\x90")


GOLDEN = (recorded.DATA / "records-format-1.jsonl").read_text().splitlines()


@pytest.mark.parametrize("line", GOLDEN, ids=lambda line: json.loads(line)["kind"])
def test_a_record_stored_by_the_first_release_is_still_read_field_by_field(line: str) -> None:
    golden = json.loads(line)

    resource = decode_record(golden["kind"], base64.b64decode(golden["record"]))

    fields = json.loads(msgspec.json.encode(msgspec.structs.asdict(resource)))
    for name, value in golden["fields"].items():
        assert _as_far_as(value, fields[name]) == value
    assert type(resource) is kind_named(golden["kind"]).resource


def _as_far_as(stored: object, value: object) -> object:
    """The value without the fields that a part of it, stored as an array, has got since."""
    return value[: len(stored)] if isinstance(stored, list) and isinstance(value, list) and stored else value
