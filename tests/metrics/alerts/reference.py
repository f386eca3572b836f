"""How alerts ought to go, told as plainly as can be: no state but the list of all looks at a subject.

At each look everything is worked out anew from that list. It shares nothing with the evaluator.
"""

from dataclasses import dataclass, field

DAY = 86_400_000


@dataclass(frozen=True)
class Rule:
    severity: str = "warning"
    wait: int = 0
    keep: int = 0
    no_data: str = "unknown"
    reads_cluster: bool = True
    is_off: bool = False


@dataclass(frozen=True)
class Look:
    """One look at one subject; `by_hand` is a person's resolving in place of a look.

    `at` is by a clock that nobody sets, `calendar` by the machine's.
    """

    at: int
    calendar: int
    rule: Rule
    matched: bool = False
    readable: bool = True
    blind: bool = False
    young: bool = False
    by_hand: bool = False


@dataclass(frozen=True)
class Answer:
    state: str = ""
    since: int = 0


@dataclass
class Episode:
    """All looks from the first at which the condition held."""

    looks: list[Look] = field(default_factory=list)
    truths: list[bool | str | None] = field(default_factory=list)

    def has_fired(self) -> bool:
        return any(
            truth is True and self.looks[i].at - self.first_sight(i) >= self.looks[i].rule.wait
            for i, truth in enumerate(self.truths)
        )

    def first_sight(self, until: int) -> int:
        """A moment later than now cannot be: the earliest that any sight was noted at."""
        return min(look.at for look, truth in self.pairs()[: until + 1] if truth is True)

    def pairs(self) -> list[tuple[Look, bool | str | None]]:
        return list(zip(self.looks, self.truths, strict=True))

    def is_over(self) -> bool:
        look, truth = self.pairs()[-1]
        if truth is not False:
            return False
        if not self.has_fired():
            return True
        last_sight = max(i for i, one in enumerate(self.truths) if one is True)
        without = [one.at for one, held in self.pairs()[last_sight:] if held is False]
        return look.at - min(without) >= look.rule.keep

    def answer(self) -> Answer:
        since = self.first_sight(len(self.looks) - 1)
        if not self.has_fired():
            return Answer("pending", since)
        told = [truth for truth in self.truths if truth != "as before"]
        return Answer("unknown" if told[-1] is None else "firing", since)


def truth_of(look: Look, *, is_known: bool) -> bool | str | None:
    """Whether the condition holds at a look; None where it cannot be told."""
    if not look.readable and (look.rule.reads_cluster or look.blind):
        return None
    if look.blind:
        return {"unknown": None, "resolve": False, "fire": is_known or look.matched}[look.rule.no_data]
    return "as before" if look.young and not look.matched else look.matched


@dataclass
class Story:
    """What is so after the looks so far."""

    episode: Episode | None = None
    quiet_until: int | None = None

    def take(self, look: Look) -> None:
        if look.by_hand:
            if self.episode is not None and self.episode.has_fired():
                self.episode, self.quiet_until = None, look.calendar + DAY
        elif look.rule.is_off:
            self.episode = self.quiet_until = None
        elif not self.is_quiet(look):
            self.quiet_until = None
            self.judge(look)

    def is_quiet(self, look: Look) -> bool:
        """Nobody knows of it: what cannot be told is not taken for over."""
        if self.quiet_until is None or look.calendar >= self.quiet_until:
            return False
        return truth_of(look, is_known=True) is not False

    def judge(self, look: Look) -> None:
        truth = truth_of(look, is_known=self.episode is not None)
        if self.episode is None:
            if not truth or not look.matched:
                return
            self.episode = Episode()
        self.episode.looks.append(look)
        self.episode.truths.append(truth)
        if self.episode.is_over():
            self.episode = None


def answer(looks: list[Look]) -> Answer:
    """The state after all these looks; `quiet` where a person wants to hear nothing of it."""
    story = Story()
    for look in looks:
        story.take(look)
    if story.quiet_until is not None:
        return Answer("quiet")
    return story.episode.answer() if story.episode is not None else Answer()


WHAT_HAPPENED = {
    ("", "pending"): ["pending"],
    ("", "firing"): ["fired"],
    ("pending", "firing"): ["fired"],
    ("pending", ""): ["dropped"],
    ("firing", "unknown"): ["unknown"],
    ("firing", ""): ["resolved"],
    ("unknown", "firing"): ["known"],
    ("unknown", ""): ["resolved"],
    ("quiet", ""): ["rearmed"],
    ("quiet", "pending"): ["rearmed", "pending"],
    ("quiet", "firing"): ["rearmed", "fired"],
}


def happened(before: Answer, after: Answer) -> list[str]:
    """What is told between two looks. Between the same states nothing is."""
    return [] if before.state == after.state else WHAT_HAPPENED[before.state, after.state]
