"""Room in the database."""

import pytest
from django.db import connection

from metrics.models import UsageRound
from metrics.storage import delete_in_slices, used_bytes
from tests.metrics.rows import a_cluster

pytestmark = pytest.mark.django_db


def fill(rounds: int, size_bytes: int) -> None:
    cluster = a_cluster()
    UsageRound.objects.bulk_create(
        [UsageRound(cluster=cluster, at_ms=n, pods=b"\x01" * size_bytes) for n in range(rounds)]
    )


def test_rows_are_deleted_a_slice_at_a_time(django_assert_num_queries: object) -> None:
    fill(25, 10)

    # Each slice looks, opens, deletes and closes; the last look finds nothing.
    with django_assert_num_queries(3 * 4 + 1):  # type: ignore[operator]
        assert delete_in_slices(UsageRound.objects.filter(at_ms__lt=23), at_once=10) == 23

    assert UsageRound.objects.count() == 2


def test_the_room_that_is_used_grows_with_what_is_kept() -> None:
    before = used_bytes()
    if connection.vendor == "sqlite":
        fill(100, 100_000)
        assert used_bytes() > before + 9_000_000
    else:
        assert before > 0
