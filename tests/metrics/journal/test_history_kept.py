"""Whatever happens to the journal, a kept moment answers as it first did."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusters.mirror.changes import Change
from clusters.models import Cluster
from metrics.journal import reading
from metrics.journal.compaction import compact
from metrics.journal.replay import Picture
from metrics.journal.retention import DAY_MS, prune
from tests.metrics.journal.builders import gone, seen
from tests.metrics.rows import a_cluster, write_entry, write_keyframe

KEPT_MS = 7 * DAY_MS
UIDS = ("a", "b", "c", "d")


@dataclass
class Written:
    """One row or keyframe as first written, and what existed after it."""

    place: tuple[int, int]
    at_ms: int
    picture: Picture
    is_keyframe: bool
    history: int
    changes: list[Change]


@dataclass
class Story:
    """A cluster's life told twice: to the journal, and to a plain list that never forgets."""

    cluster: Cluster
    now_ms: int = 1_000 * DAY_MS
    fence: int = 1
    number: int = 0
    history: int = 1
    cut_ms: int = 0
    now: Picture = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)

    def change(self, changes: list[Change], numbers: int) -> None:
        for change in changes:
            self._apply(change)
        first = self.number + 1
        self.number += numbers
        write_entry(
            self.cluster,
            first,
            self.now_ms,
            changes,
            fence=self.fence,
            last=self.number,
            history=self.history,
        )
        self._remember(changes)

    def keyframe(self) -> None:
        if self.written and self.written[-1].is_keyframe and self._place() == self.written[-1].place:
            return
        resources = self.now.values()
        write_keyframe(
            self.cluster, self.number, self.now_ms, resources, fence=self.fence, history=self.history
        )
        self._remember(None)

    def change_hands(self, clock_ms: int) -> None:
        self.fence += 1
        self.number = 0
        self.now_ms += clock_ms

    def lose_some(self, changes: list[Change]) -> None:
        """A gap: things change unseen under a new fence, then a keyframe says how they are."""
        for change in changes:
            self._apply(change)
        self.change_hands(0)
        self.keyframe()

    def become_another(self, changes: list[Change]) -> None:
        self.history += 1
        self.now = {}
        self.change(changes, 1)

    def prune(self) -> None:
        prune(self.now_ms)
        self.cut_ms = max(self.cut_ms, self.now_ms - KEPT_MS)

    def at(self, at_ms: int) -> Written | None:
        """The truth of a moment: the last keyframe by then, and the last row by then before the next."""
        begins = [i for i, each in enumerate(self.written) if each.is_keyframe and each.at_ms <= at_ms]
        if not begins:
            return None
        begin = begins[-1]
        ends = [i for i in range(begin + 1, len(self.written)) if self.written[i].is_keyframe]
        rows = self.written[begin : ends[0] if ends else None]
        return next(each for each in reversed(rows) if each.at_ms <= at_ms)

    def _apply(self, change: Change) -> None:
        if change.resource is None:
            self.now.pop((change.kind, change.uid), None)
        else:
            self.now[change.kind, change.uid] = change.resource

    def _place(self) -> tuple[int, int]:
        return self.fence, self.number

    def _remember(self, changes: list[Change] | None) -> None:
        is_keyframe = changes is None
        picture = dict(self.now)
        self.written.append(
            Written(self._place(), self.now_ms, picture, is_keyframe, self.history, changes or [])
        )


a_change = st.one_of(
    st.builds(lambda uid, reason: seen(uid, reason=reason), st.sampled_from(UIDS), st.sampled_from("xyz")),
    st.builds(gone, st.sampled_from(UIDS)),
)
some_changes = st.lists(a_change, min_size=1, max_size=4)
a_step = st.one_of(
    st.tuples(st.just("change"), some_changes, st.integers(1, 3)),
    st.tuples(st.just("change"), some_changes, st.integers(1, 3)),
    st.tuples(st.just("wait"), st.sampled_from([1_000, 20_000, 90_000, 400_000, 7_200_000, DAY_MS])),
    st.tuples(st.just("keyframe")),
    st.tuples(st.just("change_hands"), st.sampled_from([0, -20_000, 20_000])),
    st.tuples(st.just("lose_some"), some_changes),
    st.tuples(st.just("become_another"), some_changes),
    st.tuples(st.just("compact"), st.sampled_from([0, 600_000, 7_200_000])),
    st.tuples(st.just("prune")),
)


def play(story: Story, step: tuple) -> None:  # type: ignore[type-arg]
    name, *details = step
    if name == "wait":
        story.now_ms += details[0]
    elif name == "compact":
        compact(story.cluster.pk, story.now_ms + details[0])
    else:
        getattr(story, name)(*details)


@pytest.mark.django_db
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(a_step, max_size=40))
def test_every_kept_moment_equals_a_plain_list_that_never_forgets(steps: list) -> None:  # type: ignore[type-arg]
    story = Story(a_cluster())
    for step in [("keyframe",), *steps]:
        play(story, step)

    moments = {each.at_ms + shift for each in story.written for shift in (-1, 0, 1)}
    for at_ms in sorted(moments):
        check_moment(story, at_ms)
    check_changes_since(story)
    check_timelines(story)
    story.cluster.delete()


def check_moment(story: Story, at_ms: int) -> None:
    truth, found = story.at(at_ms), reading.state_at(story.cluster.pk, at_ms)
    if found is None and at_ms < story.cut_ms:
        return
    if truth is None or found is None:
        assert truth is None and found is None
        return
    assert (found.history, found.fence, found.number) == (truth.history, *truth.place)
    assert found.resources == truth.picture
    card = reading.values_at(story.cluster.pk, at_ms)
    assert card is not None and card == found.values


def check_changes_since(story: Story) -> None:
    """From each place of the last fence: its rows again, or None; never something in between."""
    rows = [each for each in story.written if not each.is_keyframe]
    if not rows:
        return
    last = rows[-1]
    for row in rows:
        entries = reading.changes_since(story.cluster.pk, *row.place, 1_000)
        if row.place[0] != last.place[0]:
            assert entries is None
        elif entries is not None:
            follow = [r.place[1] for r in rows if r.place > row.place]
            assert [entry.last_number for entry in entries] == follow


def check_timelines(story: Story) -> None:
    """An object's timeline is each of its changes that is kept, whatever row it stands in now."""
    begins = [each.place for each in story.written if each.is_keyframe and each.at_ms <= story.cut_ms]
    for uid in UIDS:
        truth = [
            (each.place, each.at_ms, change)
            for each in story.written
            for change in each.changes
            if change.uid == uid
        ]
        told = reading.timeline(story.cluster.pk, "Pod", uid, from_ms=0, to_ms=1 << 60)
        found = [((moment.fence, moment.number), moment.at_ms, moment.change) for moment in told]
        assert found == truth[len(truth) - len(found) :]
        assert len(found) >= sum(place > max(begins, default=(0, 0)) for place, _, _ in truth)
