"""Silences as rows: who may begin one, and what stays of it."""

import pytest

from metrics.alerts.models import AuditEntry, Silence
from metrics.alerts.silences import SilenceError, parse_matcher, silence_of
from metrics.alerts.silencing import active_silences, add_silence, end_silence
from tests.builders import a_cluster, a_team, a_user, an_admin, granted

pytestmark = pytest.mark.django_db
NOW_MS = 1_790_000_000_000
HOUR_MS = 3_600_000


def silenced(*matchers: str, user=None, **facts):
    ordinary = {"reason": "load test", "ends_at_ms": NOW_MS + HOUR_MS, "via": "api", "now_ms": NOW_MS}
    return add_silence(
        matchers=[parse_matcher(text) for text in matchers], user=user, **{**ordinary, **facts}
    )


def test_a_silence_covers_what_it_names_until_it_ends() -> None:
    silence = silenced("env=dev", user=an_admin())

    assert silence_of({"env": "dev"}, active_silences(NOW_MS), NOW_MS) == silence.pk
    assert active_silences(NOW_MS + HOUR_MS) == []


def test_a_silence_of_later_covers_nothing_yet() -> None:
    silenced("env=dev", starts_at_ms=NOW_MS + 1000)

    assert active_silences(NOW_MS) == []
    assert len(active_silences(NOW_MS + 1000)) == 1


def test_beginning_and_ending_are_audited_and_the_row_stays() -> None:
    alice = an_admin("alice")
    silence = silenced("env=dev", user=alice)

    assert end_silence(silence, user=alice, via="page", now_ms=NOW_MS + 1000)
    assert not end_silence(silence, user=alice, via="page", now_ms=NOW_MS + 2000)

    silence.refresh_from_db()
    assert (silence.ends_at_ms, silence.ended_by) == (NOW_MS + 1000, alice)
    assert [(entry.action, entry.user, entry.via) for entry in AuditEntry.objects.order_by("pk")] == [
        ("silence_added", alice, "api"),
        ("silence_ended", alice, "page"),
    ]


def test_a_silence_of_later_can_be_ended_before_it_begins() -> None:
    silence = silenced("env=dev", starts_at_ms=NOW_MS + 1000)

    assert end_silence(silence, user=None, via="command", now_ms=NOW_MS)
    assert active_silences(NOW_MS + 1000) == []


@pytest.mark.parametrize("facts", [{"reason": "  "}, {"ends_at_ms": None}, {"ends_at_ms": NOW_MS}])
def test_without_a_reason_or_an_end_there_is_none(facts) -> None:
    with pytest.raises(SilenceError):
        silenced("env=dev", **facts)
    assert not Silence.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_team_silences_only_clusters_it_sees() -> None:
    bob = a_user("bob")
    granted(a_team(bob), a_cluster("ours"))
    a_cluster("theirs")

    for matchers in (["env=dev"], ["cluster=theirs"], ["cluster=~ours"], ["cluster=nowhere"]):
        with pytest.raises(SilenceError):
            silenced(*matchers, user=bob)
    assert silenced("cluster=ours", "severity=info", user=bob)


def test_a_row_that_cannot_be_understood_covers_nothing() -> None:
    for matchers in ([{"name": "env"}], ["x"], [{"name": "env", "op": "=~", "value": "("}]):
        Silence.objects.create(
            matchers=matchers, reason="x", created_at_ms=NOW_MS, starts_at_ms=NOW_MS, ends_at_ms=NOW_MS + 1
        )
    assert silence_of({"env": "dev"}, active_silences(NOW_MS), NOW_MS) is None
