"""Which alerts are one cause, and when a group is told."""

from metrics.alerts import grouping
from metrics.alerts.grouping import (
    GROUP_INTERVAL_MS,
    GROUP_WAIT_MS,
    REPEAT_MS,
    UNKNOWN_WAIT_MS,
    cause_of,
    next_flush_ms,
)
from metrics.alerts.rules import rulebook
from metrics.alerts.values import AlertKey, Kept, Match, Subject

NOW_MS = 1_790_000_000_000


def alert(
    kind: str = "Pod", name: str = "shop-1", *, namespace: str = "shop", workload: str = "", image: str = ""
) -> Kept:
    subject = Subject(kind, namespace if kind not in ("Node", "Cluster") else "", name)
    match = Match(key=AlertKey("some-rule", subject), workload=workload, image=image)
    return Kept(match=match, severity="warning", state="firing", since_ms=NOW_MS)


def key(one: Kept, rule_cause: str, *, cluster: str = "c1", together: str = "some-rule") -> str:
    return cause_of(rule_cause=rule_cause, together=together, cluster=cluster, alert=one).key


def test_all_nodes_of_a_cluster_in_the_same_trouble_are_one_cause() -> None:
    assert key(alert("Node", "n1"), "node") == key(alert("Node", "n2"), "node")
    assert key(alert("Node", "n1"), "node") != key(alert("Node", "n1"), "node", cluster="c2")
    assert key(alert("Node", "n1"), "node") != key(alert("Node", "n1"), "node", together="pressure")


def test_a_workload_and_its_pods_are_one_cause() -> None:
    pod, other = alert(workload="Deployment/shop"), alert(name="shop-2", workload="Deployment/shop")
    whole = alert("Deployment", "shop")
    assert key(pod, "workload") == key(other, "workload") == key(whole, "workload", together="another-rule")
    assert key(pod, "workload") != key(alert(workload="Deployment/shop", namespace="test"), "workload")


def test_a_pod_of_nobody_is_a_cause_of_its_own() -> None:
    assert key(alert(name="a"), "workload") != key(alert(name="b"), "workload")


def test_an_image_is_one_cause_in_all_clusters() -> None:
    one = alert(image="registry.example/shop:2", workload="Deployment/shop")
    assert (
        key(one, "image", cluster="c1") == key(one, "image", cluster="c2") == "image:registry.example/shop:2"
    )


def test_without_an_image_its_rule_looks_at_the_workload() -> None:
    assert key(alert(workload="Deployment/shop"), "image") == key(
        alert(workload="Deployment/shop"), "workload"
    )


def test_a_key_never_outgrows_its_column() -> None:
    assert len(key(alert(name="x" * 253, workload="Deployment/" + "y" * 253), "workload")) <= 400
    assert len(key(alert(image="i" * 500), "image")) == grouping.LONGEST_KEY


def test_a_new_group_waits_for_company() -> None:
    assert next_flush_ms(now_ms=NOW_MS, flush_at_ms=None, notified_at_ms=None) == NOW_MS + GROUP_WAIT_MS


def test_the_operator_may_have_it_wait_longer_and_be_told_less_often() -> None:
    new = next_flush_ms(now_ms=NOW_MS, flush_at_ms=None, notified_at_ms=None, wait_ms=90_000)
    told = next_flush_ms(now_ms=NOW_MS, flush_at_ms=None, notified_at_ms=NOW_MS - 1, interval_ms=900_000)
    assert (new, told) == (NOW_MS + 90_000, NOW_MS - 1 + 900_000)


def test_company_does_not_put_the_first_message_off() -> None:
    planned = NOW_MS + 4_000
    assert next_flush_ms(now_ms=NOW_MS, flush_at_ms=planned, notified_at_ms=None) == planned


def test_a_told_group_is_told_again_after_the_interval() -> None:
    told = NOW_MS - 60_000
    due = next_flush_ms(now_ms=NOW_MS, flush_at_ms=told + REPEAT_MS, notified_at_ms=told)
    assert due == told + GROUP_INTERVAL_MS


def test_a_change_long_after_the_last_message_is_told_at_once() -> None:
    assert next_flush_ms(now_ms=NOW_MS, flush_at_ms=None, notified_at_ms=NOW_MS - REPEAT_MS) == NOW_MS


def test_what_got_worse_does_not_wait_for_the_interval() -> None:
    due = next_flush_ms(now_ms=NOW_MS, flush_at_ms=None, notified_at_ms=NOW_MS - 1_000, is_worse=True)
    assert due == NOW_MS + GROUP_WAIT_MS


def test_a_clock_that_was_put_back_does_not_put_messages_off() -> None:
    tomorrow = NOW_MS + 86_400_000
    due = next_flush_ms(now_ms=NOW_MS, flush_at_ms=tomorrow, notified_at_ms=None)
    assert due == NOW_MS + GROUP_WAIT_MS


def test_what_cannot_be_read_any_more_waits_for_who_speaks_for_the_cluster() -> None:
    due = next_flush_ms(
        now_ms=NOW_MS, flush_at_ms=NOW_MS + REPEAT_MS, notified_at_ms=NOW_MS - REPEAT_MS, is_unknown=True
    )

    assert due == NOW_MS + UNKNOWN_WAIT_MS
    assert rulebook()["cluster-unreachable"].for_ms + GROUP_WAIT_MS < UNKNOWN_WAIT_MS
