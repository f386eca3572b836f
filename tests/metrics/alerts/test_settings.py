"""What people set about rules, by command: stored once a place, audited, refused where it is nonsense."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from metrics.alerts import settings
from metrics.alerts.effective import ClusterTerms, Place
from metrics.alerts.models import AuditEntry, RuleSetting
from metrics.alerts.rules import default_terms, rulebook
from tests.metrics.rows import a_cluster

pytestmark = pytest.mark.django_db

RULE = "pod-restart-rate"


def set_rule(*arguments: str, **options: Any) -> None:
    call_command("set_rule", *arguments, **options)


def terms(rule: str = RULE, *, cluster_id: int = 0, namespace: str = "", **labels: str) -> Any:
    place = Place(cluster_id=cluster_id, labels=labels)
    return ClusterTerms(default_terms(rulebook()), settings.load_settings(), place).of(rule, namespace)


def test_a_rule_is_switched_off_everywhere_and_on_again_in_one_cluster(capsys: Any) -> None:
    cluster = a_cluster()
    set_rule(RULE, "--off")
    set_rule(RULE, "--on", "--cluster", cluster.slug)

    assert terms().is_off
    assert not terms(cluster_id=cluster.pk).is_off
    assert capsys.readouterr().out.splitlines() == [
        f"{RULE}, everywhere: off.", f"{RULE}, cluster={cluster.slug}: on.",
    ]  # fmt: skip


def test_durations_severity_and_limits_hold_where_they_are_set() -> None:
    limit = next(iter(rulebook()[RULE].limits))
    set_rule(RULE, "--for", "7m", "--severity", "info", "--limit", f"{limit}=99", "--label", "env=dev")
    set_rule(RULE, "--keep-firing-for", "90s", "--namespace", "shop")

    here = terms(namespace="shop", env="dev")
    assert (here.for_ms, here.severity, here.limits[limit]) == (420_000, "info", 99.0)
    assert here.keep_firing_for_ms == 90_000
    assert terms(env="prod").for_ms == rulebook()[RULE].for_ms


def test_what_is_set_twice_for_a_place_adds_up_in_one_row_and_each_act_is_audited() -> None:
    set_rule(RULE, "--for", "7m")
    set_rule(RULE, "--severity", "info")

    assert RuleSetting.objects.get().limits == {"for_seconds": 420.0, "severity": "info"}
    last = AuditEntry.objects.order_by("-pk").first()
    assert last is not None
    assert (last.action, last.subject, last.via, last.user) == ("rule_changed", RULE, "command", None)
    assert last.params == {
        "scope": "everywhere",
        "before": {"is_off": None, "limits": {"for_seconds": 420.0}},
        "after": {"is_off": None, "limits": {"for_seconds": 420.0, "severity": "info"}},
    }


def test_what_was_set_is_forgotten_for_exactly_that_place(capsys: Any) -> None:
    set_rule(RULE, "--off")
    set_rule(RULE, "--off", "--namespace", "shop")

    set_rule(RULE, "--reset")
    set_rule(RULE, "--reset")

    assert RuleSetting.objects.get().namespace == "shop"
    assert capsys.readouterr().out.splitlines()[-1] == f"{RULE}, everywhere: nothing was set."
    assert AuditEntry.objects.filter(action="rule_reset").count() == 1


def test_each_change_is_a_new_epoch() -> None:
    seen = {settings.epoch()}
    for arguments in (["--off"], ["--on"], ["--off", "--namespace", "shop"], ["--reset"]):
        set_rule(RULE, *arguments)
        assert settings.epoch() not in seen
        seen.add(settings.epoch())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["no-such-rule", "--off"], "There is no rule"),
        ([RULE], "Say what to change"),
        ([RULE, "--severity", "loud"], "A severity is one of"),
        ([RULE, "--severity", "test"], "A severity is one of"),
        ([RULE, "--for", "soon"], "90s, 15m or 2h"),
        ([RULE, "--limit", "colour=3"], "has no limit"),
        ([RULE, "--limit", "colour"], "NAME=NUMBER"),
        ([RULE, "--limit", "{limit}=nan"], "0 or more"),
        ([RULE, "--limit", "{limit}=-1"], "0 or more"),
        ([RULE, "--off", "--label", "env in ("], "env in"),
        ([RULE, "--off", "--namespace", "Shop!"], "namespace"),
        ([RULE, "--off", "--cluster", "nowhere"], "nowhere"),
        (["{off}", "--on"], "cannot be switched on"),
    ],
)
def test_what_means_nothing_is_refused_and_nothing_is_stored(arguments: list[str], sentence: str) -> None:
    limit = next(iter(rulebook()[RULE].limits))
    off = next(name for name, rule in rulebook().items() if rule.is_off)
    given = [one.replace("{limit}", limit).replace("{off}", off) for one in arguments]

    with pytest.raises(CommandError, match=sentence):
        set_rule(*given)

    assert not RuleSetting.objects.exists()
    assert not AuditEntry.objects.exists()
