"""Any program that takes JSON: a document of our own, signed by Standard Webhooks 1.0. Pure.

docs/webhooks.md describes it; webhook.schema.json beside it is the schema.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator

import msgspec

from metrics.notify.addresses import web_address
from metrics.notify.kinds.answers import delivered, judged
from metrics.notify.kinds.kind import (
    GONE,
    DestinationKind,
    OutboundAnswer,
    OutboundRequest,
    Target,
    Verdict,
)
from metrics.notify.message import Item, Message
from metrics.notify.moments import iso
from metrics.notify.texts import clipped

MOST_BYTES = 20_000
_PREFIX = "whsec_"
_SHORTEST_KEY = 24
_LONGEST_KEY = 64
_FORM = "https://HOST/PATH"


class _Affected(msgspec.Struct, frozen=True):
    text: str
    severity: str
    state: str
    since: str
    cluster: str


class _Data(msgspec.Struct, frozen=True):
    id: str
    group: str
    sequence: int
    state: str
    severity: str
    rule: str
    title: str
    sentence: str
    where: list[str]
    since: str
    until: str | None
    count: int
    items: list[_Affected]
    more: int
    advice: str
    command: str
    runbook_url: str
    url: str
    labels: dict[str, str]
    taken_by: str
    time_zone: str


class _Document(msgspec.Struct, frozen=True):
    type: str
    timestamp: str
    data: _Data


def _request(message: Message, target: Target) -> OutboundRequest:
    body = _body(message)
    seconds = str(target.at_ms // 1000)
    signed = b".".join((message.id.encode(), seconds.encode(), body))
    secrets = (secret for secret in (target.secret, target.older_secret) if secret)
    return OutboundRequest(
        url=target.url,
        headers={
            "content-type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": seconds,
            "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
        },
        body=body,
    )


def _signature(secret: str, signed: bytes) -> str:
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def key_of(secret: str) -> bytes:
    """The key that a secret spells. Raises ValueError, without the secret, where it spells none."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError(
            f"The secret has to be whsec_ and {_SHORTEST_KEY} to {_LONGEST_KEY} bytes in base64, such as "
            "`echo whsec_$(openssl rand -base64 32)` makes."
        )
    return key


def _body(message: Message) -> bytes:
    """The document, less of it where it would be too big."""
    bodies = (_encoded(smaller) for smaller in _smaller(message))
    return next((body for body in bodies if len(body) <= MOST_BYTES), _encoded(_shortened(message)))


def _smaller(message: Message) -> Iterator[Message]:
    """The message; without labels; then with fewer and fewer items."""
    yield message
    yield msgspec.structs.replace(message, labels={})
    for count in reversed(range(len(message.items))):
        more = message.more + len(message.items) - count
        yield msgspec.structs.replace(message, labels={}, items=message.items[:count], more=more)


def _shortened(message: Message) -> Message:
    """The words alone, and not all of them."""
    return msgspec.structs.replace(
        message,
        items=[],
        more=message.more + len(message.items),
        sentence=clipped(message.sentence, 500),
        where=message.where[:3],
        advice=clipped(message.advice, 300),
        command="",
        runbook_url="",
        labels={},
    )


def _encoded(message: Message) -> bytes:
    data = _Data(
        id=message.id,
        group=message.group,
        sequence=message.sequence,
        state=message.state,
        severity=message.severity,
        rule=message.rule,
        title=message.title,
        sentence=message.sentence,
        where=message.where,
        since=iso(message.since_ms),
        until=None if message.until_ms is None else iso(message.until_ms),
        count=message.count,
        items=[_affected(item) for item in message.items],
        more=message.more,
        advice=message.advice,
        command=message.command,
        runbook_url=message.runbook_url,
        url=message.url,
        labels=message.labels,
        taken_by=message.taken_by,
        time_zone=message.time_zone,
    )
    document = _Document(type=f"alert.{message.state}", timestamp=iso(message.at_ms), data=data)
    return msgspec.json.encode(document)


def _affected(item: Item) -> _Affected:
    return _Affected(item.text, item.severity, item.state, iso(item.since_ms), item.cluster)


def _judge(answer: OutboundAnswer) -> Verdict:
    if 200 <= answer.status < 300:
        return delivered(answer)
    if answer.status == 410:
        return Verdict(GONE, "Answered 410 Gone: it asks for no more messages.")
    return judged(answer)


def _check(url: str) -> None:
    web_address(url)


KIND = DestinationKind(
    name="webhook",
    label="Webhook (JSON, signed)",
    ask=f"The address that takes a POST, {_FORM}, and the secret it verifies signatures with.",
    check_address=_check,
    request=_request,
    judge=_judge,
    is_signed=True,
)
