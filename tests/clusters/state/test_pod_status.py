"""What every pod's status must keep, whatever the pod; the printed ones are in tests/clusters/kinds."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.kinds import decode_record, encode_record, kind_named
from clusters.kinds.picture import resource_picture
from clusters.state.resource import HEALTHS, turned

KIND = kind_named("Pod")
NOW_MS = 1795255200000
YEAR_MS = 366 * 24 * 3_600_000

words = st.sampled_from(
    ["", "Running", "Pending", "Succeeded", "Failed", "Unknown", "Completed", "CrashLoopBackOff", "Evicted",
     "ContainerCreating", "PodInitializing", "NodeLost", "SchedulingGated", "Error", "\u202e<b>", "x\0y"]
)  # fmt: skip
moments = st.sampled_from(
    [
        "2026-11-21T09:59:00Z",
        "2026-11-21T08:00:00Z",
        "9999-12-31T23:59:59Z",
        "1900-01-01T00:00:00Z",
        "soon",
        "",
    ]
)
names = st.sampled_from(["a", "b", "c"])
quantities = st.sampled_from(["100m", "1Gi", "1e2147483647", "-1", "x", "0.5", "123456789n"])
amounts = st.fixed_dictionaries(
    {}, optional={"cpu": st.none() | quantities, "memory": st.none() | quantities}
)
requirements = st.none() | st.fixed_dictionaries(
    {}, optional={"requests": st.none() | amounts, "limits": amounts}
)
ended = st.fixed_dictionaries(
    {"exitCode": st.integers(-(2**31), 2**31 - 1)},
    optional={"signal": st.none() | st.integers(0, 64), "reason": st.none() | words, "message": words,
              "finishedAt": st.none() | moments},
)  # fmt: skip
states = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "waiting": st.none()
        | st.fixed_dictionaries({}, optional={"reason": st.none() | words, "message": words}),
        "running": st.none() | st.fixed_dictionaries({}, optional={"startedAt": moments}),
        "terminated": st.none() | ended,
    },
)
statuses = st.none() | st.lists(
    st.fixed_dictionaries(
        {"name": names},
        optional={
            "state": states, "lastState": states, "ready": st.none() | st.booleans(),
            "started": st.none() | st.booleans(), "restartCount": st.none() | st.integers(0, 2**31 - 1),
            "resources": requirements, "allocatedResources": st.none() | amounts,
        },
    ),
    max_size=3,
)  # fmt: skip
containers = st.none() | st.lists(
    st.fixed_dictionaries(
        {"name": names}, optional={"restartPolicy": st.none() | st.just("Always"), "resources": requirements}
    ),
    max_size=3,
)
conditions = st.none() | st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["Ready", "PodScheduled", "Initialized", "PodResizePending",
                                  "example/gate"]),
         "status": st.sampled_from(["True", "False", "Unknown", ""])},
        optional={"reason": st.none() | words, "message": words, "lastTransitionTime": st.none() | moments},
    ),
    max_size=4,
)  # fmt: skip
pods = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {"name": names, "uid": st.just("u"), "resourceVersion": st.just("1")},
            optional={
                "namespace": st.none() | names, "creationTimestamp": st.none() | moments,
                "deletionTimestamp": st.none() | moments,
                "ownerReferences": st.none() | st.lists(
                    st.fixed_dictionaries({"kind": st.sampled_from(["Job", "ReplicaSet"]), "name": names},
                                          optional={"controller": st.none() | st.booleans()}), max_size=2),
            },
        ),
    },
    optional={
        "spec": st.none() | st.fixed_dictionaries({}, optional={
            "containers": containers, "initContainers": containers, "resources": requirements,
            "overhead": st.none() | amounts,
            "readinessGates": st.none() | st.just([{"conditionType": "example/gate"}]),
        }),
        "status": st.none() | st.fixed_dictionaries({}, optional={
            "phase": st.none() | words, "reason": st.none() | words, "message": st.none() | words,
            "conditions": conditions, "initContainerStatuses": statuses, "containerStatuses": statuses,
            "resources": requirements, "allocatedResources": st.none() | amounts,
        }),
    },
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(pods)
def test_any_pod_that_fits_the_schema_is_read(item: dict[str, Any]) -> None:
    pod: Any = KIND.read(msgspec.convert(item, KIND.api_object), NOW_MS)

    assert 0 <= pod.ready_containers <= pod.containers
    assert pod.restarts >= 0
    assert pod.health in HEALTHS
    assert pod.health != "critical", "a pod alone never is"
    assert all(turn.at_ms > NOW_MS for turn in pod.turns)
    assert not turned(pod, NOW_MS + 300 * YEAR_MS).turns
    assert decode_record("Pod", encode_record(pod)) == pod
    assert "\0" not in repr(msgspec.to_builtins(pod)).replace("\\x00", "\0")
    msgspec.json.encode(resource_picture(pod, now_ms=NOW_MS))
    for column in KIND.columns:
        assert isinstance(column.cell(pod, NOW_MS), str)
