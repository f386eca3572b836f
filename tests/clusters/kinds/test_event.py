"""Events of old and new reporters."""

from typing import Any

from clusters.kinds.picture import resource_picture
from clusters.state.resource import HEALTHY
from tests.clusters.kinds.objects import NOW_MS, ago, an_object
from tests.clusters.kinds.printing import cells


def an_event(**parts: Any) -> Any:
    """A warning about a pod."""
    regarding = {
        "kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "p1", "fieldPath": "spec.containers{app}",
    }  # fmt: skip
    whole = {
        "involvedObject": regarding, "type": "Warning", "reason": "BackOff",
        "message": " Back-off restarting \n", **parts,
    }  # fmt: skip
    return an_object("Event", {"name": "web-1.18ea"}, **whole)


def test_an_old_reporter_counts_in_the_event() -> None:
    one = an_event(
        firstTimestamp=ago(60),
        lastTimestamp=ago(2),
        count=17,
        source={"component": "kubelet", "host": "node-1"},
    )

    assert cells("Event", one, NOW_MS) == [
        "2m", "Warning", "BackOff", "pod/web-1", "spec.containers{app}", "kubelet, node-1",
        "Back-off restarting", "60m", "17", "web-1.18ea",
    ]  # fmt: skip


def test_a_new_reporter_counts_in_its_series() -> None:
    one = an_event(
        eventTime=ago(60), series={"count": 9, "lastObservedTime": ago(3)}, reportingComponent="scheduler",
        reportingInstance="scheduler-0",
    )  # fmt: skip

    assert (one.count, one.component) == (9, "scheduler, scheduler-0")
    picture = resource_picture(one, now_ms=NOW_MS)
    assert (picture["first_seen"], picture["last_seen"]) == (ago(60), ago(3))


def test_an_event_happened_once_when_nobody_counts() -> None:
    one = an_event(eventTime=ago(5))

    assert (one.count, one.first_seen_ms, one.last_seen_ms) == (1, one.since_ms, one.since_ms)


def test_a_warning_is_no_ill_health_and_names_what_it_is_about() -> None:
    one = an_event()

    assert (one.health, one.type, one.reason) == (HEALTHY, "Warning", "BackOff")
    assert one.workload == "Pod/web-1"
    assert resource_picture(one, now_ms=NOW_MS)["regarding"] == {
        "kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "p1",
    }  # fmt: skip


def test_an_event_about_nothing_with_no_times_is_still_an_event() -> None:
    one = an_event(involvedObject=None, message="x" * 5_000, type=None)

    assert (one.workload, one.first_seen_ms, len(one.message)) == ("", None, 1_000)
    assert cells("Event", one, NOW_MS)[0] == "<unknown>"
