"""Silences by command."""

import io
import re

import pytest
from django.core.management import CommandError, call_command

from metrics.alerts.models import AuditEntry, Silence
from tests.builders import a_cluster, a_team, a_user, granted

pytestmark = pytest.mark.django_db


def said(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_a_silence_is_added_listed_and_ended() -> None:
    printed = said(
        "add_silence", "cluster=prod", "namespace=~shop-.*", "--for", "2h", "--reason", "load test"
    )
    name = re.match(r"([0-9a-f-]{36}) until \d{4}-", printed)[1]

    silence = Silence.objects.get(uuid=name)
    assert silence.ends_at_ms - silence.starts_at_ms == 7_200_000
    assert "cluster=prod namespace=~shop-.*  load test (the operator)" in said("list_silences")
    assert said("end_silence", name) == "Ended.\n"
    assert said("end_silence", name) == "It was over already.\n"
    assert said("list_silences") == ""
    assert name in said("list_silences", "--all")
    assert set(AuditEntry.objects.values_list("via", flat=True)) == {"command"}


def test_a_silence_may_begin_later() -> None:
    said("add_silence", "env=dev", "--for", "1h", "--in", "30m", "--reason", "night work")

    silence = Silence.objects.get()
    assert silence.starts_at_ms - silence.created_at_ms == 1_800_000


@pytest.mark.parametrize(
    "words",
    [
        ("env", "--for", "1h", "--reason", "x"),
        ("name=~(", "--for", "1h", "--reason", "x"),
        ("name=~.*", "--for", "1h", "--reason", "x"),
        ("env=dev", "--for", "soon", "--reason", "x"),
        ("env=dev", "--for", "0s", "--reason", "x"),
        ("env=dev", "--for", "400d", "--reason", "x"),
        ("env=dev", "--for", "1h", "--reason", " "),
        ("env=dev", "--for", "1h", "--reason", "x", "--user", "nobody"),
    ],
)
def test_what_cannot_be_silenced_is_refused_with_a_sentence(words) -> None:
    with pytest.raises(CommandError, match=r"."):
        said("add_silence", *words)
    assert not Silence.objects.exists()


def test_a_users_silence_reaches_as_far_as_the_user() -> None:
    bob = a_user("bob")
    granted(a_team(bob), a_cluster("ours"))

    with pytest.raises(CommandError, match="Name one of your clusters"):
        said("add_silence", "env=dev", "--for", "1h", "--reason", "x", "--user", "bob")
    said("add_silence", "cluster=ours", "--for", "1h", "--reason", "x", "--user", "bob")
    assert Silence.objects.get().author == bob


def test_no_other_silence_is_ended_by_mistake() -> None:
    with pytest.raises(CommandError, match="list_silences"):
        said("end_silence", "00000000-0000-4000-8000-000000000000")
