"""What every kind of destination is made of, and the values that pass between kinds and the wire. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from metrics.notify.message import Message

DELIVERED = "delivered"
RETRY = "retry"
PLAIN = "plain"
FAILED_FOR_GOOD = "failed"
GONE = "gone"

NO_SECURITY = "none"
STARTTLS = "starttls"
TLS = "tls"


@dataclass(frozen=True)
class Target:
    """One destination as its kind needs it for one attempt: its opened address. The repr shows nothing.

    `at_ms` is the time of the attempt: what signs, signs it. While a secret is being changed both hold.
    """

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    older_secret: str = field(default="", repr=False)
    at_ms: int = 0


@dataclass(frozen=True)
class OutboundRequest:
    """One HTTP request. Its address and headers are secrets."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"


@dataclass(frozen=True)
class OutboundLetter:
    """One mail for one SMTP server; `content` is the whole letter as bytes, lines ended by CR LF."""

    host: str
    port: int
    security: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


Outbound: TypeAlias = OutboundRequest | OutboundLetter


@dataclass(frozen=True)
class OutboundAnswer:
    """What came back: header names in lower case, the first of the body. Of SMTP: its code and text."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    latency_ms: int = 0


class OutboundFault(Exception):
    """No answer came. `reason` is from a short list; the sentence holds no address.

    `may_have_arrived`: the request had left, so it may be shown twice when it is sent again.
    """

    def __init__(self, reason: str, sentence: str, *, may_have_arrived: bool = False) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence
        self.may_have_arrived = may_have_arrived


@dataclass(frozen=True)
class Verdict:
    """What an answer means: delivered, retry, plain (once more without ornament), failed or gone.

    `gone` says that the destination itself is no more: nothing else will get there either.
    """

    outcome: str
    sentence: str = ""
    retry_after_ms: int | None = None
    remote_id: str = ""


@dataclass(frozen=True, kw_only=True)
class DestinationKind:
    """One product that can be told. Everything a file of metrics/notify/kinds has to say.

    `check_address` raises ValueError with what is wrong, worded to follow "The address". `plain` is None
    where the product has no simpler form. `judge` gets every answer, whatever its status.
    """

    name: str
    label: str
    ask: str
    """What to give it, for whoever adds one: where the product shows the address, and its form."""
    check_address: Callable[[str], None]
    request: Callable[[Message, Target], Outbound]
    judge: Callable[[OutboundAnswer], Verdict]
    plain: Callable[[Message, Target], Outbound] | None = None
    least_gap_ms: int = 0
    """Between two messages to one destination: what the product bears."""
    is_signed: bool = False
    """Whether a secret signs what leaves; one is made where none is given."""
