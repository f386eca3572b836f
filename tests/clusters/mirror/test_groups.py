"""The troubled pods of one workload: what is kept of them equals what is found by looking at all."""

from hypothesis import given
from hypothesis import strategies as st

from clusters.mirror.groups import RANKS, Group
from clusters.state.resource import CRITICAL, DEGRADED, Resource
from tests.resources import a_pod

pods = st.builds(
    lambda uid, health, since_ms, message: a_pod(
        f"pod-{uid}", uid=uid, health=health, since_ms=since_ms, message=message
    ),
    st.sampled_from("abcdef"),
    st.sampled_from([CRITICAL, DEGRADED]),
    st.one_of(st.none(), st.integers(1, 4)),
    st.sampled_from(["", "back-off", "no such image"]),
)


@given(st.lists(st.one_of(pods, st.sampled_from("abcdef")), max_size=40))
def test_what_is_kept_equals_what_is_found_anew(steps: list[Resource | str]) -> None:
    group = Group()
    for step in steps:
        group.take(step if isinstance(step, str) else step.uid)
        if not isinstance(step, str):
            group.put(step)
        by_badness = sorted(
            group.members.values(), key=lambda one: (RANKS[one.health], one.since_ms or 0, one.name)
        )
        known = [one.since_ms for one in by_badness if one.since_ms is not None]
        texts = [text for one in by_badness if (text := getattr(one, "message", ""))]
        assert group.since_ms == min(known, default=None)
        if by_badness:
            assert group.worst is by_badness[0]
        assert group.message == next(iter(texts), "")


def test_a_long_message_is_clipped() -> None:
    group = Group()
    group.put(a_pod(health=DEGRADED, message="x" * 1_000))

    assert group.message == "x" * 300
