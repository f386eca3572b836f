"""The rulebook: every file is checked whole, and what is wrong with one is said."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from metrics.alerts.rules import (
    RuleError,
    default_terms,
    load_rules,
    read_rule,
    rulebook,
)
from metrics.alerts.values import SEVERITIES

ORDINARY: dict[str, Any] = {
    "id": "pod-odd", "name": "PodOdd", "source": "topmast", "severity": "warning", "cause": "workload",
    "about": "Pod", "when": [{"field": "restarts", "more_than": "3"}], "for": "15m",
    "sentence": "Pod {name} is odd.", "sentence_many": "{count} pods are odd.", "advice": "Look.",
    "command": "kubectl get pod/{name}",
}  # fmt: skip


def read(**changed: Any) -> Any:
    """The ordinary rule with something changed; None leaves a field out."""
    written = {name: value for name, value in {**ORDINARY, **changed}.items() if value is not None}
    return read_rule("pod-odd", yaml.safe_dump(written).encode())


def test_a_rule_is_read_with_its_times_in_milliseconds() -> None:
    rule = read(keep_firing_for="1h", limits={"share_percent": "95"})

    assert (rule.for_ms, rule.keep_firing_for_ms, rule.limits) == (
        900_000,
        3_600_000,
        {"share_percent": 95.0},
    )
    assert (rule.together, rule.reach, rule.no_data) == ("pod-odd", "", "unknown")
    assert rule.needs == {"Pod"}
    assert rule.params == {"name"}


def test_without_settings_a_rule_holds_as_it_is_written() -> None:
    rule = read(limits={"share_percent": "95"}, keep_firing_for="5m", no_data="resolve")

    terms = default_terms({rule.id: rule})[rule.id]

    assert (terms.for_ms, terms.keep_firing_for_ms, terms.no_data) == (900_000, 300_000, "resolve")
    assert (terms.limits, terms.severity, terms.is_off) == ({"share_percent": 95.0}, "warning", False)
    assert terms.reads_cluster


def test_a_rule_about_the_connection_alone_does_not_read_the_cluster() -> None:
    words = {"about": "Cluster", "sentence": "It is odd.", "command": "kubectl version"}
    lost = read(**words, when=[{"field": "line_state", "is": "stale"}])
    old = read(**words, when=[{"field": "usage_state", "is": "stale"}])

    assert (lost.reads_cluster, old.reads_cluster) == (False, True)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"surprise": "x"}, "unknown field `surprise`"),
        ({"sentence": None}, "missing required field `sentence`"),
        ({"for": None}, "missing required field `for`"),
        ({"for": "15"}, "'15' is no length of time"),
        ({"for": "15 m"}, "no length of time"),
        ({"for": "-1m"}, "no length of time"),
        ({"for": "999999d"}, "no length of time"),
        ({"for": "٣m"}, "no length of time"),
        ({"id": "other"}, "not the name of its file"),
        ({"severity": "loud"}, "severity is one of"),
        ({"cause": "moon"}, "cause is one of"),
        ({"reach": "moon"}, "reach is empty or one of"),
        ({"source": "stranger"}, "Invalid enum value"),
        ({"no_data": "guess"}, "Invalid enum value"),
        ({"runbook": "javascript:alert(1)"}, "runbook"),
        ({"about": "Moon"}, "a kind that is not read"),
        ({"needs": ["Moon"]}, "a kind that is not read"),
        ({"is_off": True}, "says why"),
        ({"off_reason": "because"}, "says why"),
        ({"when": []}, "no condition"),
        ({"when": [{"field": "restarts"}]}, "asks nothing"),
        ({"when": [{"field": "restarts", "is": "1", "less_than": "3"}]}, "asks is and less_than"),
        ({"when": [{"is": "1"}]}, "needs field"),
        ({"when": [{"field": "moon", "is": "1"}]}, "Pod has no field 'moon'"),
        ({"when": [{"field": "container.moon", "is": "1"}]}, "has no field 'container.moon'"),
        ({"when": [{"field": "name.moon", "is": "1"}]}, "has no field 'name.moon'"),
        ({"when": [{"field": "restarts", "is": "many"}]}, "no sensible number"),
        ({"when": [{"field": "restarts", "more_than": "nan"}]}, "no sensible number"),
        ({"when": [{"field": "name", "more_than": "3"}]}, "name is no number"),
        ({"when": [{"field": "is_finished", "is": "maybe"}]}, "true and false"),
        ({"when": [{"field": "name", "is": True}]}, "true and false"),
        ({"when": [{"field": "name", "is": []}]}, "never met"),
        ({"when": [{"field": "restarts", "starts_with": "a"}]}, "goes with text"),
        ({"when": [{"field": "name", "starts_with": ""}]}, "needs some text"),
        ({"when": [{"field": "restarts", "more_than": {"limit": "moon"}}]}, "no limit 'moon'"),
        ({"when": [{"field": "restarts", "more_than": {}}]}, "compare with a number"),
        ({"when": [{"field": "restarts", "more_than": {"moon": "1"}}]}, "unknown field `moon`"),
        ({"when": [{"field": "restarts", "older_than": "1h"}]}, "restarts is no moment"),
        ({"when": [{"field": "created_ms", "older_than": "soon"}]}, "no length of time"),
        ({"when": [{"field": "created_ms", "older_than": {"limit": "o"}}], "limits": {"o": "1"}}, "end in"),
        ({"when": [{"field": "restarts", "rises_by": "3"}]}, "needs within"),
        ({"when": [{"field": "restarts", "is": "3", "within": "5m"}]}, "takes no within"),
        ({"when": [{"field": "container.reason", "unchanged_for": "5m"}]}, "plain fields of objects only"),
        ({"when": [{"any": []}]}, "has to be a test"),
        ({"when": [{"some": "name", "where": [{"field": "key", "is": "a"}]}]}, "holds several"),
        ({"when": [{"held": [{"field": "restarts", "unchanged_for": "5m"}], "within": "5m"}]}, "one moment"),
        ({"about": "Cluster", "when": [{"field": "nodes", "unchanged_for": "5m"}]}, "of objects only"),
        ({"when": [{"not": {"not": {"not": {"not": {"not": {"not": {"not": {}}}}}}}}]}, "nested deeper"),
        ({"sentence": "Pod {moon} is odd."}, "{moon} is nothing that its condition gives"),
        ({"sentence": "Pod {container} is odd."}, "{container} is nothing"),
        ({"sentence": "{count} pods"}, "only sentence_many"),
        ({"sentence": "Pod {name.__class__}"}, "braces"),
        ({"sentence": "Pod {name!r}"}, "braces"),
        ({"sentence": "Pod {0}"}, "braces"),
        ({"sentence": "Pod {"}, "braces"),
        ({"sentence": ""}, "sentence"),
        ({"limits": {"severity": "1"}}, "cannot be the name of a limit"),
        ({"limits": {"share": "-1"}}, "not between"),
        ({"limits": {"share": "nan"}}, "not between"),
        ({"limits": {"share": "lots"}}, "float"),
        ({"params": ["who"]}, "only what is about the portal"),
        ({"about": "Portal"}, "has no condition"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_is_said(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(RuleError) as refused:
        read(**changed)

    assert "pod-odd" in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"id", b"\xff\xfe", b"id: a\nid: b", b"{", b"id: &a x\nname: *b", b"- " * 40,
        b"id: !!python/object/apply:os.system ['true']", b"%YAML 9.9\n---\n", b"a: " + b"x" * 300_000,
        b"--- a\n--- b", b"? [a]\n: b",
    ],
)  # fmt: skip
def test_a_file_that_is_no_rule_is_refused_with_its_name(raw: bytes) -> None:
    with pytest.raises(RuleError, match="pod-odd"):
        read_rule("pod-odd", raw)


def test_a_rule_about_a_kind_that_is_not_read_is_off_and_says_why() -> None:
    rule = read(
        about="Moon", when=[{"field": "phase", "is": "full"}], is_off=True, off_reason="It is not read yet."
    )

    assert rule.is_off
    assert default_terms({rule.id: rule})[rule.id].is_off


def test_rules_of_a_folder_are_in_order_and_other_files_are_left_alone(tmp_path: Path) -> None:
    for name in ("pod-b", "pod-a"):
        written = {**ORDINARY, "id": name, "name": "PodOdd"}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(written))
    (tmp_path / "readme.md").write_text("x")

    assert list(load_rules(tmp_path)) == ["pod-a", "pod-b"]


def test_every_rule_that_is_shipped_can_be_read() -> None:
    rules = rulebook()

    assert rules is rulebook()
    assert {rule.severity for rule in rules.values()} <= set(SEVERITIES)
