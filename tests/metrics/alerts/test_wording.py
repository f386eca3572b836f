"""What people are told: the rule's words, with what was found in them and nothing else."""

import shlex
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.alerts import wording
from metrics.alerts.rules import rulebook

RULE: Any = SimpleNamespace(
    sentence="Pod {namespace}/{name} has {restarts} restarts.",
    sentence_many="{count} pods restart, among them {name}.",
    advice="Look at {container.name}.",
    command="kubectl describe pod/{name} --namespace={namespace}",
)
FOUND = {"namespace": "shop", "name": "web-1", "restarts": 7, "container.name": "app"}


def test_one_thing_is_told_by_its_name() -> None:
    assert wording.sentence(RULE, FOUND) == "Pod shop/web-1 has 7 restarts."


def test_many_things_are_told_by_how_many_there_are() -> None:
    assert wording.sentence(RULE, FOUND, 12) == "12 pods restart, among them web-1."


def test_advice_and_command_are_told_of_the_same_thing() -> None:
    assert wording.advice(RULE, FOUND) == "Look at app."
    assert wording.command(RULE, FOUND) == "kubectl describe pod/web-1 --namespace=shop"


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    assert (
        wording.sentence(RULE, {"name": None, "namespace": ""}) == "Pod unknown/unknown has unknown restarts."
    )


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("restarts", 3.0, "3"), ("cores", 8.125, "8.12"), ("cores", 1e9, "1000000000"),
        ("flag", True, "True"), ("limit_bytes", 3 << 29, "1.5 GiB"), ("limit_bytes", 10**400, "unknown"),
        ("ends_ms", 1795255200000, "2026-11-21 10:00 UTC"), ("ends_ms", 1e300, "unknown"),
        ("text", "a\nb\t c\x00d", "a b c d"),
        ("text", "\u202eevil\u2066", "evil"), ("text", "x" * 301, "x" * 299 + "…"),
    ],
)  # fmt: skip
def test_a_value_is_told_on_one_line_in_the_unit_of_its_name(name: str, value: Any, told: str) -> None:
    rule: Any = SimpleNamespace(advice="{" + name + "}")

    assert wording.advice(rule, {name: value}) == told


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("node failed", "It says: node failed."),
        ("node failed.", "It says: node failed."),
        ("why?", "It says: why?"),
    ],
)
def test_a_sentence_ends_with_a_stop_whatever_a_cluster_says(message: str, told: str) -> None:
    rule: Any = SimpleNamespace(sentence="It says: {message}")

    assert wording.sentence(rule, {"message": message}) == told


def test_a_number_that_cannot_be_printed_is_unknown() -> None:
    assert wording.sentence(RULE, {**FOUND, "restarts": 10**5000}) == "Pod shop/web-1 has unknown restarts."


def test_what_a_cluster_says_is_never_taken_for_a_name_of_ours() -> None:
    found = {**FOUND, "name": "{namespace}{restarts!r}{0}%s", "namespace": "{name}"}

    assert wording.sentence(RULE, found) == "Pod {name}/{namespace}{restarts!r}{0}%s has 7 restarts."


@pytest.mark.parametrize("name", ["web; rm -rf /", "$(id)", "`id`", "a' b", "-n", "\n id", "", "web\\"])
def test_a_name_cannot_add_a_word_to_the_command(name: str) -> None:
    words = shlex.split(wording.command(RULE, {**FOUND, "name": name}))

    assert words[:2] == ["kubectl", "describe"]
    assert words[2].startswith("pod/")
    assert words[3:] == ["--namespace=shop"]


values = st.text(max_size=400) | st.integers() | st.floats() | st.none() | st.booleans()


@given(rule=st.sampled_from(list(rulebook().values())), value=values, count=st.integers(0, 10**6))
def test_telling_never_fails_and_is_always_one_line(rule: Any, value: Any, count: int) -> None:
    params = dict.fromkeys(rule.params, value)

    for text in (
        wording.sentence(rule, params, count), wording.advice(rule, params), wording.command(rule, params),
    ):  # fmt: skip
        assert text
        assert "\n" not in text
        assert "\r" not in text
        assert len(text) < 3_000
    shlex.split(wording.command(rule, params))
