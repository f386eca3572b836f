"""What people do with a group, and what stays of it in trail and audit."""

import pytest

from clusters.access.models import User
from metrics.alerts import acts
from metrics.alerts.acts import ActError, Actor
from metrics.alerts.models import Alert, AlertEvent, AlertGroup, AuditEntry
from metrics.alerts.rows import by_hand
from tests.builders import a_team, a_user, an_admin, granted
from tests.metrics.alerts.rows import T0, JudgedCluster, a_match

pytestmark = pytest.mark.django_db

DAY = 86_400_000


def a_group(cluster: JudgedCluster | None = None) -> AlertGroup:
    cluster = cluster or JudgedCluster()
    cluster.judge(T0, a_match("web-1"), a_match("web-2"))
    return AlertGroup.objects.get()


def by(user: User | None, *, at_ms: int = T0 + 1_000) -> Actor:
    return Actor(user=user, via="page", now_ms=at_ms)


def trail() -> list[tuple[str, dict[str, object]]]:
    return list(AlertEvent.objects.exclude(what="fired").order_by("pk").values_list("what", "params"))


def test_whoever_takes_it_is_on_it_until_it_is_given_back() -> None:
    group, alice = a_group(), an_admin("alice")

    assert acts.take(group.pk, by(alice)).taken_by == alice
    group.refresh_from_db()
    assert (group.taken_by, group.taken_at_ms) == (alice, T0 + 1_000)
    assert acts.release(group.pk, by(alice)).taken_by is None

    assert trail() == [("taken", {"to": "alice"}), ("released", {})]
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "user__username", "subject")) == [
        ("alert_taken", "alice", str(group.uuid)), ("alert_released", "alice", str(group.uuid)),
    ]  # fmt: skip


def test_what_somebody_else_took_is_not_taken_from_them_but_can_be_assigned() -> None:
    group, alice, bob = a_group(), an_admin("alice"), an_admin("bob")
    acts.take(group.pk, by(alice))

    with pytest.raises(ActError, match="alice is on it already"):
        acts.take(group.pk, by(bob))
    assert acts.assign(group.pk, bob, by(alice)).taken_by == bob


def test_it_is_assigned_to_nobody_who_cannot_see_it() -> None:
    group = a_group()

    with pytest.raises(ActError, match="cannot see it"):
        acts.assign(group.pk, a_user("stranger"), by(an_admin("alice")))
    assert not AuditEntry.objects.exists()


def test_a_note_is_left_in_the_trail_also_of_what_is_over() -> None:
    cluster = JudgedCluster()
    group, alice = a_group(cluster), an_admin("alice")
    cluster.judge(T0 + 1_000)

    acts.note(group.pk, " It was the\0 disk. ", by(alice))

    assert trail()[-1] == ("noted", {"text": "It was the disk."})


@pytest.mark.parametrize("text", ["", " \n", "\0", "x" * 2_001])
def test_an_empty_or_endless_note_is_refused(text: str) -> None:
    with pytest.raises(ActError):
        acts.note(a_group().pk, text, by(None))


def test_what_is_resolved_by_hand_closes_its_group_and_is_told() -> None:
    cluster = JudgedCluster()
    group = a_group(cluster)
    AlertGroup.objects.update(flush_at_ms=None, notified_at_ms=T0)

    acts.resolve(group.pk, "known\n and harmless", by(an_admin("alice")))

    group.refresh_from_db()
    assert (group.state, group.resolved_reason) == ("resolved", "known and harmless")
    assert group.flush_at_ms is not None
    assert set(Alert.objects.values_list("state", "end_reason", "quiet_until_ms")) == {
        ("resolved", "by_hand", T0 + 1_000 + DAY)
    }
    assert len(by_hand([cluster.row.pk])[cluster.row.pk]) == 2
    assert trail() == [("resolved", {"reason": "by_hand", "text": "known and harmless", "count": 2})]


def test_nothing_is_resolved_without_a_reason_or_twice() -> None:
    group = a_group()
    with pytest.raises(ActError, match="Say why"):
        acts.resolve(group.pk, "  ", by(None))
    acts.resolve(group.pk, "known", by(None))

    with pytest.raises(ActError, match="over already"):
        acts.resolve(group.pk, "known", by(None))
    with pytest.raises(ActError, match="over already"):
        acts.take(group.pk, by(None))


def test_of_a_group_that_spans_clusters_only_what_one_sees_is_resolved() -> None:
    mine, other = JudgedCluster(), JudgedCluster()
    group = a_group(mine)
    other.judge(T0, a_match("web-9"))
    Alert.objects.update(group=group)
    dora = a_user("dora")
    granted(a_team(dora), mine.row)

    acts.resolve(group.pk, "ours is fine", by(dora))

    group.refresh_from_db()
    assert group.state == "firing"
    assert list(Alert.objects.filter(state="firing").values_list("cluster_id", flat=True)) == [other.row.pk]


def test_a_group_that_is_gone_is_a_sentence() -> None:
    with pytest.raises(ActError, match="no such group"):
        acts.take(12345, by(None))
