"""What strangers choose made fit for a message."""

import doctest
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.notify import moments, texts
from metrics.notify.texts import broken, clipped, fitted, length, one_line, unmentioned, unquoted

ANY = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("module", [texts, moments], ids=lambda module: module.__name__)
def test_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@given(ANY, st.integers(1, 80))
def test_a_line_is_one_short_line_that_utf_8_can_write(text: str, limit: int) -> None:
    line = one_line(text, limit)

    line.encode()
    assert length(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert one_line(line, limit) == line


@given(ANY, st.integers(1, 80))
def test_what_is_cut_is_never_cut_within_an_escape(text: str, limit: int) -> None:
    escaped = fitted(text, limit, lambda part: part.replace("&", "&amp;").replace("<", "&lt;"))

    assert length(escaped) <= limit
    assert "&" not in escaped.replace("&amp;", "").replace("&lt;", "")


@pytest.mark.parametrize(
    "text", ["@here", "a @channel b", "(@all)", "@Everyone", "x@everyone", "<@U024BE7LH>"]
)
def test_a_mention_is_broken(text: str) -> None:
    assert "@\u200b" in unmentioned(text)


@pytest.mark.parametrize("text", ["registry.example/web@sha256:1f", "ops@example.org", "no at all", "@"])
def test_what_calls_nobody_stays_as_it_is(text: str) -> None:
    assert unmentioned(text) == text


def test_a_break_stands_behind_each_character_named() -> None:
    assert broken("<a~b", "<~") == "<\u200ba~\u200bb"


def test_hidden_text_is_left_out_and_joined_emojis_stay() -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "attack")

    assert one_line(f"we\u200bb{hidden}\u202e-1") == "web-1"
    assert one_line("👩\u200d🔧") == "👩\u200d🔧"


def test_a_long_text_is_clipped_with_an_ellipsis() -> None:
    assert clipped("a" * 200, 10) == "a" * 9 + "…"
    assert length(clipped("🙂" * 200, 10)) <= 10


@pytest.mark.parametrize("name", ["`;touch x;`", "'`id`'", "a`b", "$(id)`"])
def test_a_command_without_grave_accents_is_still_as_many_words(name: str) -> None:
    shown = unquoted(f"kubectl get pod {shlex.quote(name)}")

    assert "`" not in shown
    assert shlex.split(shown) == ["kubectl", "get", "pod", name.replace("`", "ˋ")]
