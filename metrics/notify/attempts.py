"""One attempt: a claimed message goes out, and what came back is judged. Touches no database."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from clusters.connection.credentials import Keyring
from clusters.connection.errors import ClusterError
from clusters.points import reached
from metrics.notify.destinations import target_of
from metrics.notify.dialling import Line
from metrics.notify.kinds import kind_named
from metrics.notify.kinds.kind import (
    FAILED_FOR_GOOD,
    PLAIN,
    RETRY,
    DestinationKind,
    Outbound,
    OutboundFault,
    Target,
    Verdict,
)
from metrics.notify.message import Message, restored
from metrics.notify.models import Destination
from metrics.notify.outbound import send

HOPELESS = frozenset({"address", "request", "too_large"})
"""Faults that lie in the message or its address: trying again does not help."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parcel:
    """A message that is ours to send until the lease ends, with all that it takes."""

    message_id: int
    group_id: int
    destination: Destination = field(repr=False)
    body: dict[str, object] = field(repr=False)
    attempt: int
    is_plain: bool
    lease_until_ms: int

    @property
    def place(self) -> str:
        """Whom the pace is kept for."""
        return self.destination.host


@dataclass(frozen=True)
class Result:
    """What came of one attempt. `status` is None where no answer came."""

    parcel: Parcel
    verdict: Verdict
    at_ms: int
    status: int | None = None
    latency_ms: int | None = None
    fault: str = ""
    """Of kind.OutboundFault: its reason, where no answer came."""


def attempt(
    parcel: Parcel, line: Line, keyring: Callable[[], Keyring], clock_ms: Callable[[], int]
) -> Result:
    """Send one message once. Never raises: whatever happens is a result, or nobody would hear of it."""
    at_ms = clock_ms()
    reached("attempt-begun")
    try:
        return _attempted(parcel, line, keyring, at_ms)
    except OutboundFault as fault:
        outcome = FAILED_FOR_GOOD if fault.reason in HOPELESS else RETRY
        doubt = " It may have arrived." if fault.may_have_arrived else ""
        return Result(parcel, Verdict(outcome, fault.sentence + doubt), at_ms, fault=fault.reason)
    except ClusterError as error:
        # The key file may come back; until then this one destination is the only one that suffers.
        return Result(parcel, Verdict(RETRY, _unsealed(error)), at_ms)
    except Exception:
        log.exception("message %s could not be sent", parcel.body.get("id"))
        return Result(parcel, Verdict(RETRY, "A fault of ours: the portal's log has it."), at_ms)


def _attempted(parcel: Parcel, line: Line, keyring: Callable[[], Keyring], at_ms: int) -> Result:
    if at_ms > parcel.lease_until_ms - line.whole_seconds * 1000:
        # We were held up since it was claimed: somebody else may send it by now.
        return Result(parcel, Verdict(RETRY, "The portal was held up before it could send."), at_ms)
    kind = kind_named(parcel.destination.kind)
    target = target_of(parcel.destination, keyring(), at_ms=at_ms)
    reached("address-opened")
    answer = send(_outbound(kind, parcel, target), line)
    reached("answered")
    verdict = kind.judge(answer)
    reached("answer-judged")
    if verdict.outcome == PLAIN and (parcel.is_plain or kind.plain is None):
        verdict = Verdict(FAILED_FOR_GOOD, verdict.sentence)
    return Result(parcel, verdict, at_ms, status=answer.status, latency_ms=answer.latency_ms)


def _outbound(kind: DestinationKind, parcel: Parcel, target: Target) -> Outbound:
    message: Message = restored(parcel.body)
    if parcel.is_plain and kind.plain is not None:
        return kind.plain(message, target)
    return kind.request(message, target)


def _unsealed(error: ClusterError) -> str:
    return f"The address cannot be opened: {error.what.replace('credential', 'address')}"
