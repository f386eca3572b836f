"""Writes the golden files: one stored column of each format, and what it says.

    python -m tests.metrics.golden

They stand for the databases of people who run a release. Once a format is released its files are never
written again; a new format gets files of its own beside them.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from clusters.kinds import kind_named
from clusters.mirror.changes import Change
from clusters.state.picture import ClusterValues
from clusters.state.resource import Resource
from clusters.state.summary import Cause, Cpu, HealthCounts, KindState, Memory, Summary

DATA = Path(__file__).parents[1] / "data"
GOLDEN = DATA / "golden"
AT_MS = 1_795_260_000_000
KINDS = {"Pod": "pods", "Node": "nodes", "Deployment": "deployments", "Job": "jobs"}


def main() -> None:
    """Write all files."""
    import django

    django.setup()
    from metrics.journal.changes import decode_steps, encode_changes
    from metrics.journal.joined import Step, encode_steps
    from metrics.journal.keyframes import encode_picture
    from metrics.journal.keys import encode_keys
    from metrics.journal.states import encode_state
    from metrics.series.columns import pack_columns
    from metrics.series.ticks import pack_tick
    from metrics.usage.readings import Usage
    from metrics.usage.rounds import pack

    resources = some_resources()
    changes = [*(Change(r.kind, r.uid, r) for r in resources), Change("Pod", "gone-1", None)]
    batches = [changes[:4], [], changes[4:]]
    steps = [
        step
        for number, batch in enumerate(batches, 1)
        for step in decode_steps(
            encode_changes(batch),
            whole_row=Step(number, number, AT_MS + number, AT_MS + number, cards=(b"card %d" % number,)),
        )
    ]
    columns = {4: [1, 2, None, -5], 5: [None] * 4, 16: [7] * 4, 17: [1 << 40, 0, 3, 4]}
    points = {"": {"cpu_used_cores": 1.5, "pods_total": None}, "Node/a": {"memory_used_bytes": 7 << 20}}
    usages = [
        Usage("shop", "web-1", 0.25, 1 << 20),
        Usage("shop", "web-2", None, None),
        Usage("", "x", 0.0, 0),
    ]
    put("changes-1", encode_changes(changes), [told_change(change) for change in changes])
    put("changes-2", encode_steps(steps), [[told_change(change) for change in batch] for batch in batches])
    put("keys-1", encode_keys(changes), len(changes))
    put("keyframe-1", encode_picture(resources), [told(resource) for resource in resources])
    put("state-1", encode_state(a_card()), told(a_card()))
    put("usage-round-1", pack(usages), [list(usage) for usage in usages])
    put("tick-1", pack_tick(points), {"": {"1": 1500, "9": None}, "Node/a": {"4": 7}})
    put("series-1", pack_columns(columns), columns)


def put(name: str, column: bytes, says: object) -> None:
    """Write one column and what it says."""
    GOLDEN.mkdir(exist_ok=True)
    (GOLDEN / f"{name}.bin").write_bytes(column)
    (GOLDEN / f"{name}.json").write_text(json.dumps(says, indent=1, sort_keys=True) + "\n")


def some_resources() -> list[Resource]:
    """Real objects of several kinds as the mirror held them."""
    found: list[Resource] = []
    for name, plural in KINDS.items():
        kind = kind_named(name)
        listed = json.loads(gzip.decompress((DATA / "apiserver" / f"list-{plural}.json.gz").read_bytes()))
        for item in listed["items"][:3]:
            found.append(kind.read(msgspec.convert(item, kind.api_object), AT_MS))
    return found


def a_card() -> ClusterValues:
    """A card that has something in each place."""
    cause = Cause("critical", "NotReady", "Node", "", "node-3", "Pod", 14, AT_MS, "Kubelet stopped posting")
    summary = Summary(
        version="v1.36.3",
        nodes=HealthCounts(critical=1, healthy=39),
        nodes_ready=39,
        pods=HealthCounts(degraded=14, healthy=1986),
        cpu=Cpu(used_cores=12.5, requested_cores=200.0, allocatable_cores=None),
        memory=Memory(used_bytes=1 << 36),
        causes=[cause],
        causes_total=1,
        kinds={"Pod": KindState("live", since_ms=AT_MS, skipped=1, skipped_key="shop/odd")},
        node_strip="chh",
    )
    uuid = "11111111-1111-4111-8111-111111111111"
    return ClusterValues(uuid=uuid, health="critical", fence=7, number=41, taken_at_ms=AT_MS, summary=summary)


def told_change(change: Change) -> list[Any]:
    """A change in JSON."""
    return [change.kind, change.uid, None if change.resource is None else told(change.resource)]


def told(value: object) -> Any:
    """A Struct in JSON, by the names of its fields, so that later fields can be told apart."""
    if isinstance(value, msgspec.Struct):
        return {name: told(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): told(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [told(each) for each in value]
    return value


if __name__ == "__main__":
    main()
