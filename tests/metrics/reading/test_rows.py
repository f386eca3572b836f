"""After every batch the rows are the mirror, however changes fell into batches and whatever failed."""

import asyncio

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters.kinds import decode_record
from clusters.kinds.pod import Pod
from clusters.mirror.changes import Change
from clusters.models import Resource as ResourceRow
from clusters.state.resource import CRITICAL, DEGRADED, HEALTHY
from metrics import pipeline
from metrics.reading.window import Window
from tests.metrics.reading.windows import OWNER, a_window

pytestmark = pytest.mark.django_db

pods = st.builds(
    lambda number, node, workload, health, restarts, version: Pod(
        kind="Pod", group="", namespace="shop", name=f"p{number}", uid=f"u{number}", version=str(version),
        created_ms=1, health=health, reason=health, since_ms=2, node=node, workload=workload,
        restarts=restarts,
    ),
    st.integers(0, 4), st.sampled_from(["", "n1", "n2"]), st.sampled_from(["", "Deployment/a"]),
    st.sampled_from([CRITICAL, DEGRADED, HEALTHY]), st.integers(0, 3), st.integers(0),
)  # fmt: skip
acts = st.lists(st.one_of(pods, st.sampled_from(["flush", "store", "fail"]), st.integers(0, 4)), max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts)
def test_rows_are_the_mirror_after_every_batch(acts: list[Pod | str | int]) -> None:
    window = a_window()
    mirror = window.reading.mirror
    for act in [*acts, "store"]:
        if isinstance(act, Pod):
            change = mirror.put(act, now_ms=3)
        elif isinstance(act, int):
            change = mirror.remove("Pod", f"u{act}")
        else:
            change = None
            _do(window, act)
        if change is not None:
            _tell(window, change)

    rows = {
        row.uid: (decode_record("Pod", bytes(row.record)), row.node, row.workload, row.health)
        for row in ResourceRow.objects.filter(cluster_id=window.identity.cluster_id)
    }
    held = mirror.objects("Pod")
    assert {uid: row[1:] for uid, row in rows.items()} == {
        uid: (pod.node, pod.workload, pod.health) for uid, pod in held.items()
    }
    assert {uid: row[0].restarts for uid, row in rows.items()} == {
        uid: pod.restarts for uid, pod in held.items()
    }


def test_a_row_that_somebody_deleted_is_there_again_with_its_next_change() -> None:
    window = a_window()
    pod = Pod(
        kind="Pod", group="", namespace="shop", name="p", uid="u", version="1", created_ms=1, health=HEALTHY,
        reason="", since_ms=2, node="n1",
    )  # fmt: skip
    _change(window, pod)
    _do(window, "store")
    ResourceRow.objects.all().delete()

    _change(window, msgspec.structs.replace(pod, version="2", restarts=1))
    _do(window, "store")

    assert ResourceRow.objects.get().node == "n1"


def _change(window: Window, pod: Pod) -> None:
    change = window.reading.mirror.put(pod, now_ms=3)
    assert change is not None
    _tell(window, change)


def _tell(window: Window, change: Change) -> None:
    async def tell() -> None:
        window.on_change(change)

    asyncio.run(tell())  # A window counts on the loop that it lives on.


def _do(window: Window, act: str) -> None:
    if act == "flush":
        window.flush()
        return
    batch = window.take_batch()
    if batch is None:
        return
    if act == "store":
        assert pipeline.store([batch], OWNER) == set()
    else:
        window.put_back(batch)
