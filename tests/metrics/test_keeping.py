"""The minute's round of upkeep."""

import logging

import pytest

from metrics import keeping
from metrics.models import JournalEntry, SeriesHour, SeriesTick, Snapshot, UsageRound
from metrics.series.ticks import pack_tick
from metrics.usage import rounds
from tests.metrics.journal.builders import resource, seen
from tests.metrics.rows import a_cluster, write_entry, write_keyframe

pytestmark = pytest.mark.django_db

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 20_000 * DAY


def test_an_hour_of_rounds_does_all_that_is_due(caplog: pytest.LogCaptureFixture) -> None:
    cluster = a_cluster()
    write_keyframe(cluster, 1, START, [resource("a")])
    for number in range(2, 12):
        write_entry(cluster, number, START + number * 1_000, [seen("a")])
    write_keyframe(cluster, 11, START + HOUR, [resource("a")])
    SeriesTick.objects.create(cluster=cluster, at_ms=START, points=pack_tick({"": {"pods_total": 3}}))
    rounds.store(cluster.pk, START, [])

    with caplog.at_level(logging.ERROR):
        for minute in range(60):
            keeping.keep(START + 3 * HOUR + minute * MINUTE)

    assert caplog.records == []
    assert JournalEntry.objects.count() == 1
    assert (SeriesTick.objects.count(), SeriesHour.objects.get().step_seconds) == (0, 30)
    assert UsageRound.objects.count() == 0

    for minute in range(60):
        keeping.keep(START + 9 * DAY + minute * MINUTE)

    assert (Snapshot.objects.count(), JournalEntry.objects.count()) == (1, 0)
    assert SeriesHour.objects.get().step_seconds == 300


def test_what_cannot_be_read_of_one_cluster_concerns_no_other(caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = a_cluster(), a_cluster()
    SeriesTick.objects.create(cluster=broken, at_ms=START, points=b"\x09 from a later version")
    SeriesTick.objects.create(cluster=sound, at_ms=START, points=pack_tick({"": {"pods_total": 3}}))

    for minute in range(5):
        keeping.keep(START + 3 * HOUR + minute * MINUTE)

    assert f"stored data of cluster {broken.pk} cannot be read" in caplog.text
    assert "format 09" in caplog.text
    assert SeriesHour.objects.get().cluster == sound


def test_a_part_that_fails_is_told_and_holds_up_no_other(
    caplog: pytest.LogCaptureFixture, settings: pytest.FixtureRequest
) -> None:
    settings.TOPMAST_JOURNAL_DAYS = None  # type: ignore[attr-defined]
    rounds.store(a_cluster().pk, START, [])

    for minute in range(10):
        keeping.keep(START + 3 * HOUR + minute * MINUTE)

    assert "keeping failed: journal forgotten" in caplog.text
    assert "TypeError" in caplog.text
    assert UsageRound.objects.count() == 0
