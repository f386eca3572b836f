"""What one destination is told about one group."""

import msgspec
import pytest

from metrics.alerts.rules import Rule, rulebook
from metrics.notify.facts import GroupFacts, RuleWords
from metrics.notify.message import LONGEST_TITLE, restored, stored
from metrics.notify.texts import length
from tests.metrics.notify.builders import (
    GROUP,
    MINUTE_MS,
    NOW_MS,
    a_message,
    a_node,
    ended,
    maybe_message,
)

HOUR_MS = 3_600_000


def test_a_title_says_how_bad_what_how_many_and_where() -> None:
    message = a_message(*(a_node(number) for number in range(6)))

    assert message.title == "Critical: 6 nodes are not ready · prod-us-east-2"
    assert message.sentence == "6 nodes are not ready."
    assert (message.state, message.severity, message.count) == ("firing", "critical", 6)


def test_a_message_says_where_since_when_what_to_do_and_leads_to_its_alert() -> None:
    message = a_message(a_node(1), a_node(2, since_ms=NOW_MS - HOUR_MS))

    assert message.where == ["prod-us-east-2"]
    assert message.since_ms == NOW_MS - HOUR_MS, "of the oldest"
    assert message.until_ms is None
    assert message.command == "kubectl describe node ip-10-4-2"
    assert message.advice.startswith("Look whether the kubelet runs")
    assert message.url == f"https://topmast.example.org/alerts/{GROUP}/"
    assert message.labels == {"env": "prod", "region": "us-east-2", "area": "node"}


def test_the_worst_and_oldest_are_listed_and_the_others_counted() -> None:
    members = [a_node(n, since_ms=NOW_MS - n * 1000, severity="warning") for n in range(13)]
    message = a_message(*members, a_node(50, since_ms=NOW_MS))

    assert message.items[0].text == "Node ip-10-4-50", "critical comes before what is older"
    assert [item.text for item in message.items[1:3]] == ["Node ip-10-4-12", "Node ip-10-4-11"]
    assert (len(message.items), message.more) == (10, 4)


def test_the_same_cause_in_several_clusters_is_one_message_that_counts_them() -> None:
    names = ["prod-eu", "prod-us", "stage-1"]
    few = a_message(*(a_node(1, uuid=n, cluster_name=n, cluster_slug=n) for n in names))
    names = [f"production-cluster-{n}" for n in range(9)]
    many = a_message(*(a_node(1, uuid=n, cluster_name=n, cluster_slug=n) for n in names))

    assert few.title == "Critical: 3 nodes are not ready · prod-eu, prod-us, stage-1"
    assert many.title == "Critical: 9 nodes are not ready · 9 clusters"
    assert many.where == [*names[:5], "4 more clusters"]


def test_workloads_are_named_after_the_clusters() -> None:
    pods = [
        a_node(n, kind="Pod", namespace="shop", name=f"web-{n}", workload=f"Deployment/web-{n // 2}")
        for n in range(10)
    ]

    assert a_message(*pods).where == [
        "prod-us-east-2",
        "shop/web-0",
        "shop/web-1",
        "shop/web-2",
        "2 more workloads",
    ]


def test_labels_are_only_those_that_all_clusters_have_alike() -> None:
    other = a_node(2, cluster_name="b", cluster_slug="b", cluster_labels={"env": "prod", "region": "eu"})

    assert a_message(a_node(1), other).labels == {"env": "prod", "area": "node"}


def test_alerts_of_other_rules_in_the_group_are_named_and_counted() -> None:
    pods = [
        a_node(n, rule="pod-crash-looping", severity="warning", kind="Pod", namespace="shop", name=f"web-{n}")
        for n in (7, 8)
    ]
    message = a_message(a_node(1), *pods)

    assert message.sentence == "ip-10-4-1 is not ready. Also KubePodCrashLooping (2)."
    assert message.items[1].text == "Pod shop/web-7: KubePodCrashLooping"
    assert message.title == "Critical: ip-10-4-1 is not ready · prod-us-east-2"


def test_each_object_is_listed_once_before_any_is_for_another_rule() -> None:
    pairs = [(a_node(n, uuid=f"a{n}"), a_node(n, uuid=f"b{n}", rule="pod-crash-looping")) for n in range(3)]
    message = a_message(*(member for pair in pairs for member in pair))

    assert [item.text for item in message.items] == [
        *(f"Node ip-10-4-{n}" for n in range(3)),
        *(f"Node ip-10-4-{n}: KubePodCrashLooping" for n in range(3)),
    ]


def test_nobody_is_told_the_same_twice() -> None:
    first = a_message(a_node(1), a_node(2))

    assert maybe_message(a_node(2), a_node(1), before=first, now_ms=NOW_MS + 5 * MINUTE_MS) is None


def test_figures_that_move_are_no_news() -> None:
    first = a_message(a_node(1, params={"node": "a", "percent": 91}))

    assert maybe_message(a_node(1, params={"node": "a", "percent": 92}), before=first) is None


def test_what_lasts_is_told_again_after_four_hours() -> None:
    first = a_message(a_node(1))
    again = a_message(a_node(1), before=first, now_ms=NOW_MS + 4 * HOUR_MS)

    assert maybe_message(a_node(1), before=first, now_ms=NOW_MS + 4 * HOUR_MS - 1) is None
    assert again.state == "update"
    assert again.title == "Still critical: ip-10-4-1 is not ready · prod-us-east-2"


def test_one_more_is_an_update_and_a_worse_severity_says_so() -> None:
    first = a_message(a_node(1, severity="warning"))
    more = a_message(a_node(1, severity="warning"), a_node(2, severity="warning"), before=first)
    worse = a_message(a_node(1, severity="critical"), a_node(2, severity="warning"), before=more)

    assert more.title == "Still warning: 2 nodes are not ready · prod-us-east-2"
    assert worse.title == "Now critical: 2 nodes are not ready · prod-us-east-2"
    assert (more.state, worse.state, worse.sequence) == ("update", "update", 3)


def test_what_is_resolved_is_listed_once() -> None:
    first = a_message(a_node(1), a_node(2), a_node(3))
    over = ended(a_node(1))
    second = a_message(over, a_node(2), a_node(3), before=first)
    third = a_message(over, ended(a_node(2), NOW_MS + MINUTE_MS), a_node(3), before=second)

    assert [(item.text, item.state) for item in second.items] == [
        ("Node ip-10-4-2", "firing"),
        ("Node ip-10-4-3", "firing"),
        ("Node ip-10-4-1", "resolved"),
    ]
    assert [item.text for item in third.items] == ["Node ip-10-4-3", "Node ip-10-4-2"]
    assert second.count == 2, "only what lasts is counted"


def test_a_cluster_that_tells_late_of_an_end_is_not_left_out() -> None:
    late = a_node(2, cluster_slug="far", cluster_name="far")
    first = a_message(a_node(1), late, a_node(3))
    second = a_message(ended(a_node(1), NOW_MS), late, a_node(3), before=first)
    third = a_message(
        ended(a_node(1), NOW_MS), ended(late, NOW_MS - MINUTE_MS), a_node(3), before=second, now_ms=NOW_MS + 1
    )

    assert "Node ip-10-4-2" in [item.text for item in third.items if item.state == "resolved"]


def test_the_end_says_how_long_it_lasted_and_lists_what_ended_since() -> None:
    first = a_message(a_node(1), a_node(2))
    second = a_message(ended(a_node(1)), a_node(2), before=first)
    last = a_message(ended(a_node(1)), ended(a_node(2), NOW_MS + 15 * MINUTE_MS), before=second)

    assert last.state == "resolved"
    assert last.title == "Resolved after 23 min: 2 nodes are not ready · prod-us-east-2"
    assert last.sentence == "Resolved at 14:40 UTC, after 23 min. It was: 2 nodes are not ready."
    assert last.until_ms == NOW_MS + 15 * MINUTE_MS
    assert [item.text for item in last.items] == ["Node ip-10-4-2"]
    assert (last.count, last.advice, last.command) == (2, "", "")


def test_the_end_is_told_once() -> None:
    last = a_message(ended(a_node(1)), before=a_message(a_node(1)))

    assert maybe_message(ended(a_node(1)), before=last, now_ms=NOW_MS + 9 * HOUR_MS) is None


def test_what_was_resolved_by_hand_says_why() -> None:
    group = GroupFacts(uuid=GROUP, resolved_by_hand="the rack was switched off on purpose")
    last = a_message(ended(a_node(1)), before=a_message(a_node(1)), group=group)

    assert last.sentence == (
        "Resolved by hand at 14:25 UTC, after 8 min: the rack was switched off on purpose. "
        "It was: ip-10-4-1 is not ready."
    )


def test_what_was_over_before_anybody_was_told_is_one_message() -> None:
    message = a_message(ended(a_node(1)))

    assert message.state == "fired_and_resolved"
    assert (
        message.title == "Critical, fired and resolved within 8 min: ip-10-4-1 is not ready · prod-us-east-2"
    )
    assert message.sentence.startswith("Over before it could be told: from 14:17 UTC to 14:25 UTC, 8 min.")
    assert maybe_message(ended(a_node(1)), before=message) is None


def test_what_lasted_for_seconds_is_told_without_the_same_minute_twice() -> None:
    message = a_message(ended(a_node(1, since_ms=NOW_MS - 5_000)))

    assert message.sentence.startswith("Over before it could be told: at 14:24 UTC, for 5 s. It was:")


def test_what_fires_again_in_the_same_group_is_told_as_new() -> None:
    last = a_message(ended(a_node(1)), before=a_message(a_node(1)))
    again = a_message(ended(a_node(1)), a_node(1, uuid="again"), before=last)

    assert again.state == "firing"
    assert [item.state for item in again.items] == ["firing"]


def test_what_fired_and_ended_again_after_an_end_is_told() -> None:
    last = a_message(ended(a_node(1)), before=a_message(a_node(1)))
    again = ended(a_node(2), NOW_MS + MINUTE_MS)
    message = a_message(ended(a_node(1)), again, before=last)

    assert message.state == "fired_and_resolved"
    assert [item.text for item in message.items] == ["Node ip-10-4-2"]


def test_what_cannot_be_read_is_unknown_and_never_resolved() -> None:
    first = a_message(a_node(1))
    lost = a_node(1, state="unknown", unknown_since_ms=NOW_MS)
    message = a_message(lost, before=first)

    assert message.state == "unknown"
    assert message.title == "Cannot be read, last known critical: ip-10-4-1 is not ready · prod-us-east-2"
    assert message.sentence == (
        "This cannot be read now: last known firing since 14:17 UTC. ip-10-4-1 is not ready."
    )
    assert maybe_message(lost, before=message) is None
    assert a_message(a_node(1), before=message).state == "update", "it can be read again"


def test_one_cluster_out_of_reach_leaves_the_others_firing() -> None:
    lost = a_node(2, state="unknown", cluster_name="far", cluster_slug="far")
    message = a_message(a_node(1), lost, before=a_message(a_node(1), a_node(2)))

    assert message.state == "update"
    assert [item.state for item in message.items] == ["firing", "unknown"]


def test_a_test_is_told_once_and_its_end_to_nobody() -> None:
    test = a_node(1, severity="test")
    message = a_message(test)

    assert (message.state, message.title) == ("test", "Test: ip-10-4-1 is not ready · prod-us-east-2")
    assert maybe_message(test, before=message, now_ms=NOW_MS + 9 * HOUR_MS) is None
    assert maybe_message(ended(test), before=message) is None
    assert a_message(test, a_node(2, severity="test"), before=message).state == "test", "a second test"
    assert a_message(ended(test)).state == "test", "over before it left"


def test_nothing_is_told_of_nothing_and_of_what_has_not_fired() -> None:
    assert maybe_message() is None
    assert maybe_message(a_node(1, state="pending")) is None


def test_a_rule_that_is_no_more_is_called_by_its_name() -> None:
    message = a_message(a_node(1), a_node(2), rules={})

    assert message.title == "Critical: node-not-ready: 2 alerts · prod-us-east-2"


def test_an_alert_that_was_judged_elsewhere_says_itself_what_is_wrong() -> None:
    params = {"sentence": "The queue is too long.", "runbook_url": "https://runbooks.example/queue"}

    message = a_message(a_node(1, params=params), rules={})
    assert message.sentence == "The queue is too long."
    assert message.runbook_url == "https://runbooks.example/queue"
    of_two = a_message(a_node(1, params=params), a_node(2, params=params), rules={})
    assert "too long" not in of_two.sentence and "2 alerts" in of_two.sentence


def test_a_cluster_that_the_sentence_names_is_not_named_twice() -> None:
    rules = {"lost": RuleWords(name="ClusterUnreachable", sentence=lambda p, c: "prod-eu is out of reach.")}
    lost = a_node(1, rule="lost", kind="Cluster", name="", cluster_name="prod-eu", cluster_slug="prod-eu")

    message = a_message(lost, rules=rules)

    assert message.title == "Critical: prod-eu is out of reach"
    assert message.items[0].text == "prod-eu"


def test_a_message_about_the_portal_itself_names_no_cluster() -> None:
    late = a_node(1, kind="", name="", node="", cluster_name="", cluster_slug="", cluster_labels={})
    message = a_message(late)

    assert message.title == "Critical: ip-10-4-1 is not ready"
    assert message.where == []
    assert message.items[0].text == "The portal"


def test_times_are_of_the_zone_that_the_message_names() -> None:
    message = a_message(ended(a_node(1)), before=a_message(a_node(1)), zone="Europe/Berlin")

    assert message.time_zone == "Europe/Berlin"
    assert message.sentence.startswith("Resolved at 15:25 CET")


@pytest.mark.parametrize("name", ["x" * 10_000, "a\nb\0c\ud800", "\u202egnp.exe\u202c", "🙂" * 400, " \t "])
def test_odd_names_leave_a_title_of_one_line_that_can_be_stored(name: str) -> None:
    node = a_node(
        1,
        name=name,
        node=name,
        params={"node": name},
        cluster_name=name,
        cluster_labels={name: name},
        workload=f"Deployment/{name}",
        namespace=name,
    )
    message = a_message(node, group=GroupFacts(uuid=GROUP, taken_by=name))

    body = msgspec.json.encode(stored(message))
    assert length(message.title) <= LONGEST_TITLE
    assert message.title.startswith("Critical: ")
    assert not {"\n", "\0", "\u202e"} & set(body.decode())
    assert len(body) < 16_000
    assert restored(msgspec.json.decode(body)) == message


def test_half_a_command_is_worse_than_none() -> None:
    words = RuleWords(
        name="Long", sentence=lambda p, c: "So", command=lambda p: f"kubectl {str(p['node']) * 9}"
    )
    rules = {"node-not-ready": words}

    assert a_message(a_node(1), rules=rules).command == "kubectl " + "ip-10-4-1" * 9
    assert a_message(a_node(1, params={"node": "x" * 100}), rules=rules).command == ""


@pytest.mark.parametrize("rule", rulebook().values(), ids=lambda rule: rule.id)
def test_every_rule_of_the_rulebook_makes_a_message(rule: Rule) -> None:
    params = {name: "web-1" for name in rule.params}
    member = a_node(1, rule=rule.id, severity=rule.severity, params=params)
    rules = {rule.id: RuleWords.of(rule)}

    one = a_message(member, rules=rules)
    many = a_message(member, a_node(2, rule=rule.id), a_node(3, rule=rule.id), rules=rules)

    assert one.rule == rule.name
    assert one.sentence and one.advice and one.command
    assert "3" in many.title
    assert not {"{", "…"} & set(one.title + many.title + one.command), "the title has room for the sentence"
