"""What a worker publishes."""

import json

import msgspec
import pytest

from clusters.mirror.changes import Change
from clusters.state.picture import cluster_picture
from clusters.state.summary import Cause, KindState, Summary
from metrics.live.frames import LIMIT_BYTES, build_frame, decode_frames, encode_frames
from tests.metrics.live.builders import values
from tests.resources import a_pod, a_resource

UUID = "11111111-1111-4111-8111-111111111111"


def a_change(name: str = "web", **facts: object) -> Change:
    resource = a_resource(name=name, **facts)
    return Change(resource.kind, resource.uid, resource)


def test_a_frame_carries_place_card_and_changes() -> None:
    gone = Change("Pod", "uid-9", None)
    frame = build_frame(values(UUID, fence=7, number=41), 3, [a_change(), gone], now_ms=1_500)

    message = json.loads(frame.text())
    assert (message["type"], message["place"], message["at"]) == ("frame", "7.41", "1970-01-01T00:00:01.500Z")
    assert message["cluster"] == json.loads(frame.card)
    assert message["cluster"]["place"] == "7.41"
    assert message["changes"][0]["op"] == "set"
    assert message["changes"][0]["resource"]["name"] == "web"
    assert message["changes"][1] == {"op": "gone", "kind": "Pod", "uid": "uid-9"}


def test_fleet_pages_get_the_card_with_the_worst_cause_alone() -> None:
    causes = [Cause("critical", f"r{i}", "Pod", "shop", f"p{i}", "Pod", 1, 1_000 * i) for i in range(9)]
    kinds = {"Pod": KindState("refused", reason="forbidden_403", since_ms=2_000)}
    summary = Summary(causes=causes, causes_total=9, kinds=kinds)
    now = msgspec.structs.replace(values(UUID), summary=summary)
    frame = build_frame(now, 3, [], now_ms=0)

    card, brief = json.loads(frame.card), json.loads(frame.brief)
    assert card == cluster_picture(now)
    assert brief == {**card, "causes": card["causes"][:1]}
    assert brief["causes_total"] == 9


def test_a_frame_travels_whole() -> None:
    frame = build_frame(values(UUID), 3, [a_change()], now_ms=1_500)

    assert decode_frames(encode_frames([frame, frame])) == [frame, frame]


@pytest.mark.parametrize("payload", [b"", b"\x93\x01\x02\x03", b"hello", b"\xc1" * 40])
def test_what_is_no_frame_is_refused(payload: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_frames(payload)


def test_changes_say_nothing_of_usage_as_null_would_overwrite_it() -> None:
    pod = a_pod()
    frame = build_frame(values(UUID), 3, [Change("Pod", pod.uid, pod)], now_ms=0)

    resource = json.loads(frame.text())["changes"][0]["resource"]
    assert resource["cpu"] == {"requested_cores": 0.5}
    assert "used_bytes" not in resource["memory"]


@pytest.mark.parametrize("count", [1_500, 2_500])
def test_more_than_a_frame_may_hold_is_read_anew(count: int) -> None:
    changes = [a_change(name=f"{'long-' * 40}{number}") for number in range(count)]
    frame = build_frame(values(UUID), 3, changes, now_ms=0)

    assert json.loads(frame.text())["changes"] is None
    assert len(frame.text()) < LIMIT_BYTES


def test_a_worker_that_cannot_tell_what_changed_has_it_read_anew() -> None:
    frame = build_frame(values(UUID), 3, None, now_ms=0)

    assert json.loads(frame.text())["changes"] is None
