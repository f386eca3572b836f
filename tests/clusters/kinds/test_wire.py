"""List pages and watch lines: recorded ones, and ones that lie."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.connection.errors import ClusterError, Reason
from clusters.kinds import kind_named
from clusters.kinds.wire import ADDED, BOOKMARK, DELETED, ERROR, MODIFIED, decode_event, decode_page
from tests.clusters import recorded

POD = kind_named("Pod")


def _pod(name: str = "web-1", **more: object) -> dict[str, object]:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": "7"}
    return {"metadata": metadata, "spec": {"containers": [{"name": "app"}]}, "status": {}, **more}


def _page(*items: object) -> bytes:
    return json.dumps({"kind": "PodList", "metadata": {"resourceVersion": "9"}, "items": items}).encode()


def _line(type_: str, item: object) -> bytes:
    return json.dumps({"type": type_, "object": item}).encode()


def test_a_page_says_where_it_is_and_how_to_go_on() -> None:
    page = decode_page(POD, recorded.body("apiserver/list-pods.json"))

    assert (page.resource_version, page.remaining, len(page.objects)) == ("30954", 1832, 250)
    assert page.continue_token.startswith("eyJ2IjoibWV0YS5rOHMu")
    assert page.skipped == []


def test_before_and_watch_together_are_after() -> None:
    pods = {
        pod.metadata.uid: pod
        for pod in decode_page(POD, recorded.body("apiserver/watch-pods-before.json")).objects
    }
    types = set()
    for line in recorded.lines("apiserver/watch-pods.jsonl"):
        event = decode_event(POD, line)
        types.add(event.type)
        assert event.version
        if event.type == DELETED:
            del pods[event.object.metadata.uid]
        elif event.type != BOOKMARK:
            pods[event.object.metadata.uid] = event.object
    after = decode_page(POD, recorded.body("apiserver/watch-pods-after.json"))

    assert types == {ADDED, MODIFIED, DELETED, BOOKMARK}
    assert pods == {pod.metadata.uid: pod for pod in after.objects}


def test_the_end_of_a_streaming_list_is_told_from_any_other_bookmark() -> None:
    lines = recorded.lines("apiserver/watch-list-namespaces.jsonl")
    events = [decode_event(kind_named("Namespace"), line) for line in lines]

    assert [event.ends_initial for event in events] == [False] * (len(lines) - 1) + [True]
    assert (events[-1].type, events[-1].version) == (BOOKMARK, "31906")


def test_an_object_of_another_kind_is_refused_and_not_taken_for_one_of_ours() -> None:
    lines = recorded.lines("apiserver/watch-list-namespaces.jsonl")

    with pytest.raises(ClusterError):
        decode_event(POD, lines[0])  # A namespace has all that a pod must have.


def test_a_version_that_is_gone_is_an_error_of_code_410() -> None:
    event = decode_event(POD, recorded.lines("apiserver/watch-410.jsonl")[0])

    assert (event.type, event.code, event.object) == (ERROR, 410, None)
    assert event.message == "too old resource version: 1 (32399)"


@pytest.mark.parametrize(
    "bad",
    [
        _pod("bad", metadata=None),
        _pod("bad", status={"containerStatuses": [{"name": "app", "restartCount": 2**40}]}),
        _pod("bad", spec={"containers": "none"}),
        _pod("bad", spec=7),
        _pod("x\0y"),
        _pod("x" * 254),
        _pod(""),
        7,
        None,
        [],
        {},
    ],
)
def test_an_object_that_cannot_be_understood_costs_no_other(bad: object) -> None:
    page = decode_page(POD, _page(_pod("one"), bad, _pod("two")))

    assert [pod.metadata.name for pod in page.objects] == ["one", "two"]
    assert len(page.skipped) == 1
    event = decode_event(POD, _line(MODIFIED, bad))
    assert (event.type, event.object) == (MODIFIED, None)
    assert event.skipped_key


def test_a_skipped_object_is_named() -> None:
    bad = _pod("bad", spec=7)

    assert decode_page(POD, _page(bad)).skipped == ["shop/bad"]
    event = decode_event(POD, _line(ADDED, bad))
    assert (event.skipped_key, event.uid, event.version) == ("shop/bad", "uid-bad", "7")


@pytest.mark.parametrize(
    "item", [_pod(), _pod(spec=None), _pod(status=None), {**_pod(), "spec": None, "x": [1]}]
)
def test_what_kubernetes_may_leave_out_is_no_fault(item: object) -> None:
    page = decode_page(POD, _page(item))

    assert page.skipped == []
    assert POD.read(page.objects[0], 0).name == "web-1"


def test_a_list_or_bookmark_that_does_not_say_where_it_is_is_refused() -> None:
    """Without a version the next watch would begin just anywhere."""
    for version in ("", "9" * 65, None, 9):
        metadata = {"metadata": {"resourceVersion": version}}
        with pytest.raises(ClusterError):
            decode_page(POD, json.dumps({**metadata, "items": []}).encode())
        with pytest.raises(ClusterError):
            decode_event(POD, _line(BOOKMARK, metadata))


def test_an_empty_list_may_be_null() -> None:
    assert decode_page(POD, b'{"metadata":{"resourceVersion":"1"},"items":null}').objects == []


DEEP = b'{"metadata":{"resourceVersion":"1"},"items":' + b"[" * 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"null",
        b'{"kind":"Status","code":500}',
        b"\xff\xfe",
        DEEP,
        b'{"metadata":',
    ],
)
def test_what_is_no_list_is_said_so(body: bytes) -> None:
    with pytest.raises(ClusterError) as error:
        decode_page(POD, body)
    assert error.value.reason == Reason.PROTOCOL
    with pytest.raises(ClusterError):
        decode_event(POD, body)


@pytest.mark.parametrize("type_", ["", "added", "PATCHED"])
def test_an_unknown_type_of_event_is_no_watch(type_: str) -> None:
    with pytest.raises(ClusterError, match="a watch of pods"):
        decode_event(POD, _line(type_, _pod()))


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    for decode in (decode_page, decode_event):
        with pytest.raises(ClusterError):
            decode(POD, body)


_texts = st.text() | st.sampled_from(["]", "}]", '}],"', ']},"spec":{', '"managedFields":['])
_anything = st.recursive(
    st.none() | st.integers() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
)


@given(managers=st.lists(_anything, max_size=3), is_last=st.booleans())
def test_whoever_manages_its_fields_a_pod_is_read_as_without_them(
    managers: list[object], is_last: bool
) -> None:
    pod = _pod()
    named = {"name": "web-1", "uid": "u", "resourceVersion": "7"}
    owners = {"ownerReferences": [{"kind": "Job", "name": "j", "controller": True}]}
    listed = {"managedFields": managers}
    metadata = {**named, **owners, **listed} if is_last else {**named, **listed, **owners}
    line = json.dumps({"type": MODIFIED, "object": {**pod, "metadata": metadata}}, separators=(",", ":"))
    bare = _line(MODIFIED, {**pod, "metadata": {**named, **owners}})

    assert decode_event(POD, line.encode()) == decode_event(POD, bare)


def test_a_list_of_managers_without_an_end_is_no_line() -> None:
    with pytest.raises(ClusterError):
        decode_event(POD, b'{"type":"MODIFIED","object":{"metadata":{"managedFields":[{"a":1')


def test_a_huge_annotation_is_not_kept() -> None:
    item = _pod()
    item["metadata"] = {**item["metadata"], "annotations": {"note": "x" * 1_000_000}}  # type: ignore[dict-item]

    pod = POD.read(decode_page(POD, _page(item)).objects[0], 0)

    assert len(repr(pod)) < 2_000
