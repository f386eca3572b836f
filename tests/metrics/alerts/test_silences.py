"""What a silence covers, and what no silence may be."""

import time

import pytest

from metrics.alerts.silences import (
    ActiveSilence,
    Matcher,
    SilenceError,
    check_matchers,
    check_times,
    checked_matcher,
    labels_of,
    parse_matcher,
    silence_of,
)

NOW_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
LABELS = labels_of(
    alert={"rule": "KubePodCrashLooping", "severity": "warning", "namespace": "shop", "name": "shop-1"},
    cluster="prod-eu",
    cluster_labels={"env": "prod", "severity": "made-up"},
)


def silence(*matchers: str, number: int = 1, from_ms: int = 0, to_ms: int = HOUR_MS) -> ActiveSilence:
    parsed = tuple(parse_matcher(text) for text in matchers)
    return ActiveSilence(number, parsed, NOW_MS + from_ms, NOW_MS + to_ms)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("severity=warning", True),
        ("severity=made-up", False),
        ("severity!=critical", True),
        ("env=prod", True),
        ("cluster=~prod-.*", True),
        ("cluster=~prod", False),
        ("cluster!~stage-.*", True),
        ('namespace="shop"', True),
        (" name = shop-1 ", True),
        ("team=", True),
        ("team!=", False),
        ("name=~(?i)SHOP-\\d", True),
    ],
)
def test_a_matcher_means_what_alertmanagers_does(text: str, holds: bool) -> None:
    assert parse_matcher(text).holds(LABELS) is holds


def test_all_matchers_must_hold() -> None:
    assert silence("env=prod", "namespace=shop").covers(LABELS, NOW_MS)
    assert not silence("env=prod", "namespace=test").covers(LABELS, NOW_MS)


def test_a_silence_covers_from_its_start_to_just_before_its_end() -> None:
    one = silence("env=prod", from_ms=1000, to_ms=2000)
    assert [one.covers(LABELS, NOW_MS + ms) for ms in (999, 1000, 1999, 2000)] == [False, True, True, False]


def test_without_matchers_nothing_is_covered() -> None:
    assert not ActiveSilence(1, (), NOW_MS, NOW_MS + 1).covers(LABELS, NOW_MS)


def test_the_silence_that_lasts_longest_is_named() -> None:
    short, long = silence("env=prod", number=1), silence("env=prod", number=2, to_ms=2 * HOUR_MS)
    assert silence_of(LABELS, [long, short], NOW_MS) == 2
    assert silence_of(LABELS, [], NOW_MS) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=x",
        "severity",
        "severity~warning",
        "a b=c",
        "name=~(",
        "name=~*",
        "x" * 301 + "=y",
        "a=" + "x" * 301,
    ],
)
def test_what_is_no_matcher_is_refused(text: str) -> None:
    with pytest.raises(SilenceError):
        parse_matcher(text)


@pytest.mark.parametrize(
    "parts", [(None, "=", "x"), ("a", "==", "x"), ("a", "=", 3), ("a", ["="], "x"), ("", "=", "x")]
)
def test_parts_from_outside_are_judged(parts: tuple[object, object, object]) -> None:
    with pytest.raises(SilenceError):
        checked_matcher(*parts)


def test_an_evil_expression_takes_no_time() -> None:
    matcher = parse_matcher("name=~(a+)+(a+)+(a+)+(a+)+$")
    began = time.process_time()
    assert not matcher.holds({"name": "a" * 250 + "!"})
    assert time.process_time() - began < 1


def test_a_silence_of_everything_is_refused() -> None:
    for matchers in (
        [],
        [Matcher("name", "=~", ".*")],
        [Matcher("team", "=", "")],
        [Matcher("a", "=", "b")] * 21,
    ):
        with pytest.raises(SilenceError):
            check_matchers(matchers)
    assert check_matchers([Matcher("name", "=~", ".*"), Matcher("env", "=", "dev")])


def test_a_silence_must_end() -> None:
    for ends_at_ms in (None, NOW_MS, NOW_MS - 1, NOW_MS + 367 * 24 * HOUR_MS):
        with pytest.raises(SilenceError):
            check_times(starts_at_ms=NOW_MS, ends_at_ms=ends_at_ms, now_ms=NOW_MS)
    check_times(starts_at_ms=NOW_MS, ends_at_ms=NOW_MS + HOUR_MS, now_ms=NOW_MS)
