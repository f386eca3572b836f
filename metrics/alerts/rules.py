"""The rulebook: one file a rule, read once, every field checked.

A rule says what is wrong (its condition, as data), for how long it has to be so, and what people are told.
"""

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from clusters.connection import plain_yaml
from metrics.alerts import fields, wording
from metrics.alerts.conditions import ConditionError, Test, duration_ms, fields_named
from metrics.alerts.effective import OWN_LIMITS, Terms
from metrics.alerts.grouping import CAUSES
from metrics.alerts.inhibition import REACHES
from metrics.alerts.parsing import RawTest, parse
from metrics.alerts.values import SEVERITIES
from metrics.alerts.whole import OF_THE_CONNECTION

RULEBOOK = Path(__file__).parent / "rulebook"
PORTAL = "Portal"
"""What rules are about that no cluster's state answers: another process raises them by hand."""

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_ID = 80
_Text = Annotated[str, Meta(min_length=1, max_length=1_000)]


class RuleError(ValueError):
    """A rule's file is not as it has to be; says which, where and what."""


class Rule(Struct, frozen=True, kw_only=True):
    """One rule as it stands in the rulebook."""

    id: str
    name: str
    source: str
    """kubernetes-mixin or topmast."""
    severity: str
    cause: str
    """What its alerts are grouped by: cluster, node, workload, image or rule."""
    together: str
    """What rules about the same trouble share, so that it is one group; else its own id."""
    reach: str
    """Whose alerts its own keep quiet: one of inhibition.REACHES."""
    about: str
    """The kind its subjects are of; Cluster for figures of the whole, Portal for what others raise."""
    when: tuple[Test, ...]
    """All have to hold."""
    unless: tuple[Test, ...]
    """None may hold: the exclusions, each of which was a false alarm once."""
    for_ms: int
    keep_firing_for_ms: int
    no_data: str
    """unknown, resolve or fire: what becomes of an alert whose condition cannot be judged."""
    needs: frozenset[str]
    """Kinds that have to be read now for the condition to be judged."""
    reads_cluster: bool
    """False: it is about the connection itself, and can be judged while nothing is read."""
    limits: dict[str, float]
    """The numbers in its condition that may be changed; the unit is in the name."""
    sentence: str
    sentence_many: str
    advice: str
    command: str
    runbook: str
    labels: dict[str, str]
    params: frozenset[str]
    """What its texts tell of a match, by name."""
    is_off: bool = False
    off_reason: str = ""


def default_terms(rules: Mapping[str, Rule]) -> dict[str, Terms]:
    """What the rulebook itself says of each rule, before anything is set."""
    return {rule.id: _terms(rule) for rule in rules.values()}


@functools.cache
def rulebook() -> Mapping[str, Rule]:
    """Every rule that is shipped, by id."""
    return load_rules(RULEBOOK)


def load_rules(folder: Path) -> Mapping[str, Rule]:
    """The rules of a folder, in order of id. Raises RuleError."""
    rules = [read_rule(path.stem, path.read_bytes()) for path in sorted(folder.glob("*.yaml"))]
    return {rule.id: rule for rule in rules}


def read_rule(name: str, raw: bytes) -> Rule:
    """One rule from its file's name and content. Raises RuleError."""
    try:
        written = msgspec.convert(plain_yaml.load(raw), _Written, strict=False)
        return _rule(name, written)
    except (plain_yaml.YamlRefused, msgspec.ValidationError, ConditionError) as error:
        raise RuleError(f"Rule {name}: {error}") from error


def _terms(rule: Rule) -> Terms:
    return Terms(
        rule=rule.id,
        severity=rule.severity,
        for_ms=rule.for_ms,
        keep_firing_for_ms=rule.keep_firing_for_ms,
        no_data=rule.no_data,
        reads_cluster=rule.reads_cluster,
        is_off=rule.is_off,
        limits=dict(rule.limits),
    )


class _Written(Struct, forbid_unknown_fields=True, kw_only=True):
    """A rule's file as it is written."""

    id: str
    name: Annotated[str, Meta(pattern="^[A-Z][A-Za-z]+$", max_length=80)]
    source: Literal["kubernetes-mixin", "topmast"]
    severity: str
    cause: str
    together: str = ""
    reach: str = ""
    about: _Text
    when: list[RawTest] = field(default_factory=list)
    unless: list[RawTest] = field(default_factory=list)
    for_: str = field(name="for")
    keep_firing_for: str = "0s"
    no_data: Literal["unknown", "resolve", "fire"] = "unknown"
    needs: list[str] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)
    sentence: _Text
    sentence_many: _Text
    advice: _Text
    command: _Text
    runbook: Annotated[str, Meta(pattern="^(https://[^ ]+)?$", max_length=300)] = ""
    labels: dict[str, str] = field(default_factory=dict)
    params: list[str] = field(default_factory=list)
    is_off: bool = False
    off_reason: str = ""


def _rule(name: str, written: _Written) -> Rule:
    _check_names(name, written)
    _check_limits(written)
    is_read = fields.is_read(written.about) and all(map(fields.is_read, written.needs))
    if not is_read and not written.is_off and written.about != PORTAL:
        raise RuleError(f"Rule {name}: it needs a kind that is not read, so it must be off.")
    about = _about(written)
    when = parse(about, written.when, written.limits, place="when")
    unless = parse(about, written.unless, written.limits, place="unless")
    _check_condition(name, written)
    return Rule(
        id=written.id,
        name=written.name,
        source=written.source,
        severity=written.severity,
        cause=written.cause,
        together=written.together or written.id,
        reach=written.reach,
        about=written.about,
        when=when,
        unless=unless,
        for_ms=duration_ms(written.for_),
        keep_firing_for_ms=duration_ms(written.keep_firing_for),
        no_data=written.no_data,
        needs=_needs(written),
        reads_cluster=_reads_cluster(written.about, (*when, *unless)),
        limits=written.limits,
        sentence=written.sentence,
        sentence_many=written.sentence_many,
        advice=written.advice,
        command=written.command,
        runbook=written.runbook,
        labels=written.labels,
        params=_params(name, written),
        is_off=written.is_off,
        off_reason=written.off_reason,
    )


def _about(written: _Written) -> str:
    """Whose fields its texts and tests name: where a kind is not read, nothing says what it will have."""
    return next((kind for kind in written.needs if not fields.is_read(kind)), written.about)


def _needs(written: _Written) -> frozenset[str]:
    own = () if written.about in (PORTAL, fields.CLUSTER) else (written.about,)
    return frozenset((*own, *written.needs))


def _reads_cluster(about: str, tests: tuple[Test, ...]) -> bool:
    if about != fields.CLUSTER:
        return about != PORTAL
    return not fields_named(tests) <= OF_THE_CONNECTION


def _check_names(name: str, written: _Written) -> None:
    if written.id != name:
        raise RuleError(f"Rule {name}: its id is {plain_yaml.shown(written.id)}, not the name of its file.")
    if not _ID.fullmatch(name) or len(name) > _LONGEST_ID:
        raise RuleError(f"Rule {plain_yaml.shown(name)}: an id is lower-case words joined by hyphens.")
    if written.severity not in SEVERITIES:
        raise RuleError(f"Rule {name}: severity is one of {', '.join(SEVERITIES)}.")
    if written.cause not in CAUSES:
        raise RuleError(f"Rule {name}: cause is one of {', '.join(CAUSES)}.")
    if written.reach not in REACHES:
        raise RuleError(f"Rule {name}: reach is empty or one of {', '.join(filter(None, REACHES))}.")
    if written.is_off != bool(written.off_reason):
        raise RuleError(f"Rule {name}: a rule that is off says why (off_reason), and no other does.")


def _check_limits(written: _Written) -> None:
    for limit, value in written.limits.items():
        if limit in OWN_LIMITS or not re.fullmatch(r"[a-z]+(_[a-z]+)*", limit):
            raise RuleError(f"Rule {written.id}: {plain_yaml.shown(limit)} cannot be the name of a limit.")
        if not 0 <= value <= 1e15:
            raise RuleError(f"Rule {written.id}: the limit {limit} is not between 0 and 10^15.")


def _check_condition(name: str, written: _Written) -> None:
    if written.about == PORTAL and (written.when or written.unless):
        raise RuleError(f"Rule {name}: what is about the portal is raised by it and has no condition.")
    if written.about != PORTAL and not written.when:
        raise RuleError(f"Rule {name}: it has no condition (when).")
    if written.about != PORTAL and written.params:
        raise RuleError(f"Rule {name}: only what is about the portal lists its params.")


def _params(name: str, written: _Written) -> frozenset[str]:
    """The names in all its texts; each has to be something that a match can tell."""
    found: set[str] = set()
    for label in ("sentence", "sentence_many", "advice", "command"):
        text: str = getattr(written, label)
        try:
            names = wording.names_in(text)
        except ValueError as error:
            raise RuleError(f"Rule {name}: {label}: {error}") from error
        if label != "sentence_many" and wording.COUNT in names:
            raise RuleError(f"Rule {name}: {label}: only sentence_many may tell {{{wording.COUNT}}}.")
        found |= names
    found.discard(wording.COUNT)
    for one in sorted(found):
        if not _can_tell(written, one):
            raise RuleError(f"Rule {name}: {{{one}}} is nothing that its condition gives.")
    return frozenset(found)


def _can_tell(written: _Written, param: str) -> bool:
    if written.about == PORTAL:
        return param in written.params
    return param in written.limits or fields.has_field(_about(written), param)
