"""The commands about destinations, routes and the sign of life, run as the operator runs them."""

import io
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import serializers
from django.core.management import CommandError, call_command

from clusters.connection.credentials import Keyring
from clusters.connection.guard import LOOPBACK
from clusters.connection.keyfile import load_keyring
from metrics.alerts.models import AuditEntry
from metrics.notify.destinations import target_of
from metrics.notify.dialling import Line
from metrics.notify.dispatcher import Dispatcher, Means
from metrics.notify.models import Destination, Heartbeat, Route
from metrics.notify.words import shipped_words
from portal.management.commands import send_test
from tests.builders import a_cluster, a_team
from tests.metrics.notify.receivers import Receiver, answer, receiving

pytestmark = pytest.mark.django_db

CANARY = "canary1679091c5a880faf6fb5e6087eb1b2dc"
SLACK = f"https://hooks.slack.com/services/T0000/B0000/{CANARY}"
WEBHOOK = f"https://alerts.example.org/{CANARY}"


@pytest.fixture(autouse=True)
def _own_key(settings: Any, tmp_path: Path) -> None:
    settings.KEY_FILE = tmp_path / "keys" / "cluster.key"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def run(command: str, *words: str, stdin: str = "", monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    out = io.StringIO()
    if monkeypatch is not None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    call_command(command, *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Any:
    def added(name: str = "ops", kind: str = "slack", url: str = SLACK, *words: str) -> str:
        options = ("--kind", kind, "--url-file", "-", *words)
        return run("add_destination", name, *options, stdin=url + "\n", monkeypatch=monkeypatch)

    return added


def everything() -> str:
    rows = [
        *Destination.objects.all(),
        *Route.objects.all(),
        *AuditEntry.objects.all(),
        *Heartbeat.objects.all(),
    ]
    return serializers.serialize("json", rows)


def test_an_address_is_sealed_and_never_shown(add: Any, settings: Any) -> None:
    printed = add()
    row = Destination.objects.get()
    assert (row.name, row.kind, row.host) == ("ops", "slack", "hooks.slack.com")
    assert row.fingerprint in printed
    listed = run("list_destinations")
    assert "ops: slack at hooks.slack.com" in listed
    for text in (printed, listed, everything(), repr(row)):
        assert CANARY not in text
    opened = target_of(row, load_keyring(settings.KEY_FILE), at_ms=0)
    assert opened.url == SLACK


def test_an_address_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(SLACK + "\n")
    run("add_destination", "ops", "--kind", "slack", "--url-file", str(tmp_path / "url"))
    assert Destination.objects.get().host == "hooks.slack.com"


def test_a_webhook_gets_a_secret_that_is_printed_once(add: Any, settings: Any) -> None:
    printed = add("hook", "webhook", WEBHOOK)
    secret = re.search(r"whsec_\S+", printed)
    assert secret is not None
    opened = target_of(Destination.objects.get(), load_keyring(settings.KEY_FILE), at_ms=0)
    assert opened.secret == secret[0]
    assert secret[0] not in run("list_destinations") + everything()


def test_a_secret_of_ones_own_is_taken_and_not_printed(add: Any, settings: Any, tmp_path: Path) -> None:
    own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    (tmp_path / "secret").write_text(own)
    assert own not in add("hook", "webhook", WEBHOOK, "--secret-file", str(tmp_path / "secret"))
    assert target_of(Destination.objects.get(), load_keyring(settings.KEY_FILE), at_ms=0).secret == own


@pytest.mark.parametrize(
    ("kind", "url"),
    [("slack", "gopher://hooks.slack.com/x"), ("webhook", "https://user:pw@example.org/"),
     ("webhook", "ftp://example.org/"), ("webhook", "https://127.1/"), ("webhook", ""), ("mail", WEBHOOK),
     ("webhook", "https://example.org/ two"), ("webhook", "https://exämple.org/")],
)  # fmt: skip
def test_an_address_that_will_not_do_is_refused_without_showing_it(add: Any, kind: str, url: str) -> None:
    with pytest.raises((CommandError, UnicodeError)) as refusal:
        add("ops", kind, url)
    assert url == "" or url not in str(refusal.value)
    assert not Destination.objects.exists()


def test_a_name_is_taken_once(add: Any) -> None:
    add()
    with pytest.raises(CommandError, match="already"):
        add("OPS")


def test_another_host_needs_the_whole_address_again(add: Any, settings: Any, monkeypatch: Any) -> None:
    add()
    before = Destination.objects.get().fingerprint
    other = f"https://hooks.slack.com/services/T1/B1/{CANARY}"
    printed = run("set_destination", "ops", "--url-file", "-", stdin=other, monkeypatch=monkeypatch)
    row = Destination.objects.get()
    assert row.fingerprint != before
    assert target_of(row, load_keyring(settings.KEY_FILE), at_ms=0).url == other
    assert CANARY not in printed + everything()


def test_a_destination_is_renamed_turned_off_and_made_the_fallback(add: Any) -> None:
    add()
    run("set_destination", "ops", "--name", "night", "--no-enable", "--fallback")
    row = Destination.objects.get()
    assert (row.name, row.is_enabled, row.is_fallback) == ("night", False, True)
    with pytest.raises(CommandError, match="Say what to change"):
        run("set_destination", "night")
    with pytest.raises(CommandError, match="is off"):
        run("send_test", "night")


def test_routes_are_added_listed_and_removed(add: Any) -> None:
    add()
    cluster, team = a_cluster("prod-eu"), a_team(name="shop")
    words = ("--cluster", "prod-eu", "--label", "env=prod", "--label", "tier=1", "--namespace", "shop")
    more = (
        "--team",
        team.name,
        "--severity",
        "critical,warning",
        "--hours",
        "mon-fri 09:00-18:00 Europe/Berlin",
    )
    run("add_route", "--destination", "ops", *words, *more)
    route = Route.objects.get()
    assert (route.cluster, route.selector, route.namespace) == (cluster, "env=prod,tier=1", "shop")
    assert (route.team, route.severities) == (team, ["critical", "warning"])
    listed = run("list_destinations")
    assert f"route {route.uuid}: cluster prod-eu, clusters with env=prod,tier=1, namespace shop" in listed
    assert "mon,tue,wed,thu,fri 09:00-18:00 Europe/Berlin" in listed
    run("remove_route", str(route.uuid))
    assert not Route.objects.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [(("--severity", "bad"), "severity"), (("--label", "=x"), "label"), (("--hours", "noon"), "not a day"),
     (("--cluster", "nowhere"), "no cluster"), (("--team", "nobody"), "no team"),
     (("--severity", "test"), "severity")],
)  # fmt: skip
def test_a_route_that_cannot_be_is_refused(add: Any, words: tuple[str, ...], says: str) -> None:
    add()
    with pytest.raises(CommandError, match=says):
        run("add_route", "--destination", "ops", *words)
    assert not Route.objects.exists()


def test_a_destination_is_removed_with_its_routes(add: Any) -> None:
    add()
    run("add_route", "--destination", "ops", "--default")
    run("remove_destination", "ops")
    assert not Destination.objects.exists()
    assert not Route.objects.exists()
    with pytest.raises(CommandError, match="There is no destination"):
        run("remove_destination", "ops")


def test_each_change_is_audited(add: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    add()
    run("add_route", "--destination", "ops")
    run("set_destination", "ops", "--fallback")
    run("remove_route", str(Route.objects.get().uuid))
    run("set_heartbeat", "--url-file", "-", stdin=WEBHOOK, monkeypatch=monkeypatch)
    run("set_heartbeat", "--remove")
    run("remove_destination", "ops")
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "destination_added", "route_added", "destination_changed", "route_removed", "heartbeat_set",
        "heartbeat_removed", "destination_removed",
    ]  # fmt: skip
    assert set(AuditEntry.objects.values_list("via", flat=True)) == {"command"}


def test_where_the_sign_of_life_goes_is_a_secret_too(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = run("set_heartbeat", "--url-file", "-", stdin=WEBHOOK, monkeypatch=monkeypatch)
    assert "alerts.example.org" in printed
    assert CANARY not in printed + everything()


def test_addresses_are_sealed_anew_with_a_new_key(
    add: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add()
    run("set_heartbeat", "--url-file", "-", stdin=WEBHOOK, monkeypatch=monkeypatch)
    assert "2 credentials use it" in run("make_key", "--add")
    new = load_keyring(settings.KEY_FILE).keys[0]
    row = Destination.objects.get()
    assert {row.key_id, Heartbeat.objects.get().key_id} == {new.public_key.key_id}
    assert target_of(row, Keyring((new,)), at_ms=0).url == SLACK


def test_a_test_is_sent_by_a_worker_and_its_outcome_printed(
    add: Any, settings: Any, receiver: Receiver
) -> None:
    worker = Dispatcher(
        Means(
            owner="worker",
            line=Line(allowed_ranges=LOOPBACK),
            keyring=lambda: load_keyring(settings.KEY_FILE),
            words=shipped_words,
            clock_ms=lambda: time.time_ns() // 1_000_000,
        )
    )
    add("ops", "webhook", receiver.url())
    command = send_test.Command(stdout=io.StringIO())
    command.pause = lambda _seconds: worker.step()
    call_command(command, "ops")
    printed = command.stdout.getvalue()
    assert "ops took it after" in printed
    assert "No route leads to it yet" in printed
    receiver.behaviours["/hook"] = answer(403)
    with pytest.raises(CommandError, match="did not take it: Answered 403"):
        call_command(command, "ops")
    assert b'"severity":"test"' in receiver.bodies()[0]


def test_without_a_worker_a_test_says_so(add: Any) -> None:
    add()
    with pytest.raises(CommandError, match="look whether a worker runs"):
        run("send_test", "ops", "--seconds", "0")
