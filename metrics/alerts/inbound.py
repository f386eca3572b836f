"""What an Alertmanager sends (its webhook, version 4), and what becomes of what it sent before. Pure.

Everything in it was chosen by somebody else. Each alert is read for itself: one that cannot be understood
is refused by name and keeps none of the others back.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from metrics.alerts import labelled
from metrics.alerts.evaluate import (
    BECAME_KNOWN,
    BECAME_UNKNOWN,
    CHANGED,
    CONDITION,
    ENDED,
    FIRED,
    MATCH_CHANGED,
    REARMED,
    Quiet,
)
from metrics.alerts.values import FIRING, RESOLVED, UNKNOWN, AlertKey, Kept, Match, Subject, Transition, Value

VERSION = "4"
MOST_ALERTS = 10_000
MOST_LABELS = 100
LONGEST_LABEL = 1_000
SILENT_MS = 12 * 3_600_000
"""Not heard of for so long: nobody knows. An Alertmanager repeats after 4 h, unless set otherwise."""

FOLDED = "folded"
"""Ended because our own rule has the same."""
NOT_HEARD = "not_heard"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_SHOWN = 80


class PayloadError(ValueError):
    """Nothing of it can be taken; the sentence says why, `code` says it to programs."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Refused(Struct, frozen=True, kw_only=True):
    """One alert that is not taken."""

    index: int
    """Its place in the payload, from 0."""
    alert: str
    """What it is called; empty where it does not say."""
    reason: str


class Sent(Struct, frozen=True, kw_only=True):
    """One alert as it was sent."""

    index: int
    rule: str
    severity: str
    cluster: str
    """What it calls its cluster; empty: it does not say."""
    subject: Subject
    workload: str
    labels: dict[str, str]
    params: dict[str, Value]
    starts_ms: int
    ends_ms: int | None
    """When it ended; None: it fires."""


class Payload(Struct, frozen=True, kw_only=True):
    """One notification."""

    alerts: list[Sent]
    refused: list[Refused]
    left_out: int = 0
    """Alerts that the Alertmanager kept to itself because of its `max_alerts`."""


class _WrittenAlert(Struct, kw_only=True):
    """An alert as it is written."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = field(default_factory=dict)
    startsAt: Annotated[datetime, Meta(tz=True)]
    endsAt: Annotated[datetime, Meta(tz=True)] | None = None
    generatorURL: str = ""


class _WrittenPayload(Struct, kw_only=True):
    """A notification as it is written; its alerts are looked at one by one."""

    version: str
    alerts: list[msgspec.Raw]
    truncatedAlerts: Annotated[int, Meta(ge=0)] = 0


def read_payload(body: bytes, now_ms: int) -> Payload:
    """The alerts of a notification, and those of them that are refused. Raises PayloadError."""
    try:
        written = msgspec.json.decode(body, type=_WrittenPayload)
    except msgspec.ValidationError as error:
        raise PayloadError("bad_payload", f"This is not what an Alertmanager sends. {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PayloadError("bad_json", "This is not JSON, or nests too deeply.") from error
    if written.version != VERSION:
        raise PayloadError("bad_version", f'Only version "{VERSION}" of the payload is understood.')
    if len(written.alerts) > MOST_ALERTS:
        raise PayloadError("too_many_alerts", f"At most {MOST_ALERTS:,} alerts are taken at once.")
    read = [_read(index, raw, now_ms) for index, raw in enumerate(written.alerts)]
    return Payload(
        alerts=[one for one in read if isinstance(one, Sent)],
        refused=[one for one in read if isinstance(one, Refused)],
        left_out=written.truncatedAlerts,
    )


def fingerprint_of(sent: Sent, cluster: str) -> str:
    """What it is known by: all its labels, as for the Alertmanager, and what they mean to us.

    The Alertmanager's own fingerprint is 64 bits of the same labels, and whatever a sender says it is.
    """
    labels = json.dumps(sorted(sent.labels.items()))
    parts = "\0".join(("alertmanager", cluster, sent.rule, *sent.subject, labels))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def heard(sent: Sent, before: Kept | Quiet | None, now_ms: int) -> Iterator[Transition]:
    """What becomes of an alert that was sent: nothing where it is as it was before but for when it was heard.

    The end of one that never fired here is none, and neither is one of an earlier time than it fires since.
    """
    if sent.ends_ms is not None:
        yield from _ended(before, sent.ends_ms, now_ms)
    elif isinstance(before, Kept):
        what, reason = (BECAME_KNOWN, "") if before.state == UNKNOWN else (CHANGED, MATCH_CHANGED)
        yield Transition(what=what, alert=_still(before, sent, now_ms), at_ms=now_ms, reason=reason)
    elif before is None or now_ms >= before.until_ms:
        if before is not None:
            yield Transition(what=REARMED, alert=before.alert, at_ms=now_ms)
        yield Transition(what=FIRED, alert=_begun(sent, now_ms), at_ms=now_ms)


def folded(before: Kept | Quiet | None, now_ms: int) -> Iterator[Transition]:
    """What becomes of an alert that was sent when our own rule has the same: it ends for ours."""
    if isinstance(before, Kept):
        yield _end(before, FOLDED, now_ms)


def lapsed(before: Kept, now_ms: int) -> Transition:
    """What becomes of one that was not heard of for long: nobody knows, so it neither fires nor is over."""
    unknown = msgspec.structs.replace(before, state=UNKNOWN, unknown_since_ms=now_ms)
    return Transition(what=BECAME_UNKNOWN, alert=unknown, at_ms=now_ms, reason=NOT_HEARD)


def after(happened: Transition) -> Kept | None:
    """The alert as it is then; None where it is over."""
    return None if happened.what in (ENDED, REARMED) else happened.alert


def _ended(before: Kept | Quiet | None, ends_ms: int, now_ms: int) -> Iterator[Transition]:
    if isinstance(before, Quiet):
        yield Transition(what=REARMED, alert=before.alert, at_ms=now_ms)
    elif before is not None and ends_ms >= before.since_ms:
        yield _end(before, CONDITION, now_ms)


def _end(before: Kept, reason: str, now_ms: int) -> Transition:
    over = msgspec.structs.replace(before, state=RESOLVED, unknown_since_ms=None)
    return Transition(what=ENDED, alert=over, at_ms=now_ms, reason=reason)


def _begun(sent: Sent, now_ms: int) -> Kept:
    return Kept(
        match=_match(sent),
        severity=sent.severity,
        state=FIRING,
        since_ms=min(sent.starts_ms, now_ms),
        fired_at_ms=now_ms,
        last_true_at_ms=now_ms,
    )


def _still(before: Kept, sent: Sent, now_ms: int) -> Kept:
    """It keeps where it was found when it began, and so its group."""
    match = msgspec.structs.replace(before.match, params=sent.params)
    return msgspec.structs.replace(
        before, match=match, state=FIRING, last_true_at_ms=now_ms, unknown_since_ms=None
    )


def _match(sent: Sent) -> Match:
    return Match(
        key=AlertKey(sent.rule, sent.subject),
        node=sent.subject.name if sent.subject.kind == "Node" else "",
        workload=sent.workload,
        params=sent.params,
    )


def _read(index: int, raw: msgspec.Raw, now_ms: int) -> Sent | Refused:
    try:
        written = msgspec.json.decode(raw, type=_WrittenAlert)
    except (msgspec.DecodeError, RecursionError) as error:
        return Refused(index=index, alert="", reason=f"It is not as alerts are. {error}.")
    labels = {_clean(name): _clean(value) for name, value in written.labels.items()}
    reason = _refusal(labels, written.annotations)
    if reason:
        return Refused(index=index, alert=labels.get("alertname", "")[:_LONGEST_SHOWN], reason=reason)
    return _sent(index, written, labels, now_ms)


def _refusal(labels: Mapping[str, str], annotations: Mapping[str, str]) -> str:
    if not labels.get("alertname"):
        return "It has no label alertname."
    if len(labels) > MOST_LABELS or len(annotations) > MOST_LABELS:
        return f"It has more than {MOST_LABELS} labels or annotations."
    for name, value in labels.items():
        if max(len(name), len(value)) > LONGEST_LABEL:
            return f"Its label {name[:_LONGEST_SHOWN]} is longer than {LONGEST_LABEL:,} characters."
    return ""


def _sent(index: int, written: _WrittenAlert, labels: dict[str, str], now_ms: int) -> Sent:
    rule = labelled.told_name(labels["alertname"])
    subject = labelled.subject_of(labels, labelled.rule_of(rule))
    annotations = {name: _clean(value) for name, value in written.annotations.items()}
    return Sent(
        index=index,
        rule=rule,
        severity=labelled.severity_of(labels),
        cluster=labelled.cluster_named(labels),
        subject=subject,
        workload=labelled.workload_of(labels, subject),
        labels=labels,
        params=labelled.params_of(rule, annotations, _clean(written.generatorURL)),
        starts_ms=max(_ms(written.startsAt), 0),
        ends_ms=_ends_ms(written, now_ms) if written.status == "resolved" else None,
    )


def _ends_ms(written: _WrittenAlert, now_ms: int) -> int:
    """Go writes the year 1 for a moment that is not known."""
    ends_ms = 0 if written.endsAt is None else _ms(written.endsAt)
    return ends_ms if ends_ms > 0 else now_ms


def _ms(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds() * 1000)


def _clean(text: str) -> str:
    """What every database takes."""
    return text.replace("\0", "")
