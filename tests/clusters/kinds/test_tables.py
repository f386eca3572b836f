"""Every kind's columns equal what the API server prints."""

import msgspec
import pytest

from clusters.kinds import all_kinds, decode_record, encode_record, kind_named
from clusters.state.ages import moment_ms
from tests.clusters import recorded
from tests.clusters.kinds.printing import cells, moments_after, recorded_list, recorded_table

RECORDED_AT_MS = moment_ms("2026-11-21T10:41:54Z") or 0
TABLES = [(kind.name, kind.plural) for kind in all_kinds()]
PODS = list(recorded.values("pod-columns.jsonl"))


@pytest.mark.parametrize(("kind_name", "plural"), TABLES)
def test_the_columns_are_those_of_the_server(kind_name: str, plural: str) -> None:
    table = recorded.answer(f"apiserver/table-{plural}.json")

    ours = [(column.name, column.wide) for column in kind_named(kind_name).columns]

    assert ours == [(column["name"], column["priority"] > 0) for column in table["columnDefinitions"]]


@pytest.mark.parametrize(("kind_name", "plural"), TABLES)
def test_every_row_is_printed_as_the_server_does(kind_name: str, plural: str) -> None:
    resources = recorded_list(kind_name, plural, RECORDED_AT_MS)
    _, rows = recorded_table(plural)
    assert len(resources) == len(rows) > 0

    # The table was printed some seconds after the list: one moment must fit all its rows.
    near = range(RECORDED_AT_MS - 20_000, RECORDED_AT_MS + 40_000, 500)
    misses = {
        now_ms: [
            (ours, row)
            for resource, row in zip(resources, rows, strict=True)
            if (ours := cells(kind_name, resource, now_ms)) != row
        ]
        for now_ms in near
    }

    best = min(misses, key=lambda now_ms: len(misses[now_ms]))
    assert misses[best] == []


@pytest.mark.parametrize(("kind_name", "plural"), TABLES)
def test_a_stored_record_is_the_resource_that_was_stored(kind_name: str, plural: str) -> None:
    for resource in recorded_list(kind_name, plural, RECORDED_AT_MS):
        assert decode_record(kind_name, encode_record(resource)) == resource
        msgspec.json.encode(kind_named(kind_name).extra(resource))


@pytest.mark.parametrize("number", range(len(PODS)))
def test_every_pod_is_printed_as_the_server_does(number: int) -> None:
    line = PODS[number]
    kind = kind_named("Pod")
    pod = kind.read(msgspec.convert(line["pod"], kind.api_object), RECORDED_AT_MS)
    printed = list(line["printed"].values())

    assert list(line["printed"]) == [column.name for column in kind.columns]
    assert any(cells("Pod", pod, now_ms) == printed for now_ms in moments_after(pod.created_ms)), (
        cells("Pod", pod, (pod.created_ms or 0) + 3_000),
        printed,
    )
