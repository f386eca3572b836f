"""Mail by SMTP: a letter in text and HTML, in one thread for each group. Pure.

The thread hangs on an id made of the group, not on the first letter: that one may never have left.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from html import escape
from urllib.parse import parse_qsl, unquote, urlsplit

from metrics.notify.addresses import check_characters, host_and_port
from metrics.notify.kinds.kind import (
    DELIVERED,
    FAILED_FOR_GOOD,
    NO_SECURITY,
    RETRY,
    STARTTLS,
    TLS,
    DestinationKind,
    OutboundAnswer,
    OutboundLetter,
    Target,
    Verdict,
)
from metrics.notify.lines import colour, facts, item_lines, plain_lines, shape
from metrics.notify.message import Message
from metrics.notify.texts import one_line

MOST_RECIPIENTS = 20
_LONGEST_ADDRESS = 254
_LONGEST_NAME = 255
_FORM = "smtp://USER:PASSWORD@HOST:587?from=topmast@example.org&to=oncall@example.org"
_PORTS = {TLS: 465, STARTTLS: 587, NO_SECURITY: 25}
_SCHEMES = {"smtps": TLS, "smtp": STARTTLS}
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9.-]+)")
_DETAIL = re.compile(rb"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
_PARTLY = b"accepted, but not for"


@dataclass(frozen=True)
class _Route:
    """An address taken apart."""

    host: str
    port: int
    security: str
    sender: str
    recipients: tuple[str, ...]
    user: str = field(repr=False)
    password: str = field(repr=False)


def _request(message: Message, target: Target) -> OutboundLetter:
    route = _route(target.url)
    return OutboundLetter(
        host=route.host,
        port=route.port,
        security=route.security,
        sender=route.sender,
        recipients=route.recipients,
        content=_letter(message, route, target.at_ms or message.at_ms),
        user=route.user,
        password=route.password,
    )


def _letter(message: Message, route: _Route, at_ms: int) -> bytes:
    domain = route.sender.rpartition("@")[2]
    thread = f"<{message.group}@{domain}>"
    letter = EmailMessage(policy=SMTP)
    letter["From"] = Address("Topmast", addr_spec=route.sender)
    letter["To"] = [Address(addr_spec=recipient) for recipient in route.recipients]
    letter["Date"] = datetime.fromtimestamp(at_ms // 1000, UTC)
    letter["Message-ID"] = f"<{message.id}@{domain}>"
    letter["References"] = thread
    if message.sequence > 1:
        letter["In-Reply-To"] = thread
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    text, page = _text(message), _html(message)
    letter.set_content(text, cte="quoted-printable")
    letter.add_alternative(page, subtype="html", cte="quoted-printable")
    # The same in each copy, and nothing that a name could hold: it is made of all of them.
    letter.set_boundary(f"topmast-{sha256((text + page).encode()).hexdigest()[:32]}")
    return _subject(message.title) + letter.as_bytes()


def _subject(title: str) -> bytes:
    """As encoded words only. Of a mixture, EmailMessage adds blanks where it folds the line."""
    encoded = Header(one_line(title), charset="utf-8", header_name="Subject").encode(linesep="\r\n")
    return f"Subject: {encoded}\r\n".encode("ascii")


def _text(message: Message) -> str:
    return "\n".join(one_line(line, 2_000) for line in plain_lines(message)) + "\n"


def _html(message: Message) -> str:
    """Small and without pictures or styles that would be fetched; read as well without any style."""
    head = '<tr><th align="left" style="padding:2px 12px 2px 0">'
    rows = "".join(
        f"{head}{_literal(label)}</th><td>{_literal(value)}</td></tr>" for label, value in facts(message)
    )
    items = "".join(f"<div>{_literal(line)}</div>" for line in item_lines(message))
    parts = [
        f'<h2 style="font-size:18px;margin:0 0 8px">{_literal(f"{shape(message)} {message.title}")}</h2>',
        f"<p>{_literal(message.sentence)}</p>",
        f"<table>{rows}</table>",
        f"<p>{items}</p>" if items else "",
        f"<p>{_literal(message.advice)}</p>" if message.advice else "",
        f"<pre>{_literal(message.command)}</pre>" if message.command else "",
        f"<p>{_links(message)}</p>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>'
        f"{_literal(message.title)}</title></head>"
        f'<body style="font-family:sans-serif"><div style="border-left:4px solid {colour(message)};'
        f'padding-left:12px">{"".join(parts)}</div></body></html>\n'
    )


def _links(message: Message) -> str:
    links = [f'<a href="{_literal(message.url)}">Open in Topmast</a>']
    if message.runbook_url:
        links.append(f'<a href="{_literal(message.runbook_url)}">Runbook</a>')
    return " · ".join(links)


def _literal(text: str) -> str:
    return escape(one_line(text, 2_000))


def _route(url: str) -> _Route:
    """An address in its parts. Raises ValueError, worded to follow "The address"."""
    check_characters(url)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("has no host and port that can be understood") from None
    if parts.scheme not in _SCHEMES or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(f"has to look like {_FORM} (smtps:// where TLS is spoken from the start)")
    login, _, place = parts.netloc.rpartition("@")
    user, password = _login(login)
    host, port = host_and_port(place)
    asked = _asked(parts.query)
    security = _security(_SCHEMES[parts.scheme], asked.get("security"), has_login=bool(user))
    return _Route(
        host=host,
        port=port or _PORTS[security],
        security=security,
        sender=_sender(asked.get("from", [])),
        recipients=_recipients(asked.get("to", [])),
        user=user,
        password=password,
    )


def _asked(query: str) -> dict[str, list[str]]:
    try:
        # A + belongs to many addresses; only %20 would be a blank.
        pairs = parse_qsl(query.replace("+", "%2B"), strict_parsing=True, max_num_fields=2 * MOST_RECIPIENTS)
    except ValueError:
        raise ValueError(f"has no from= and to= that can be understood; it looks like {_FORM}") from None
    asked: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in ("from", "to", "security"):
            raise ValueError("may say from=, to= and security= after the ?, nothing else")
        asked.setdefault(name, []).extend(value.split(","))
    return asked


def _login(login: str) -> tuple[str, str]:
    name, _, secret = login.partition(":")
    user, password = unquote(name), unquote(secret)
    if bool(user) != bool(password):
        raise ValueError("has a user without a password, or a password without a user")
    if not all(part.isprintable() and len(part) <= _LONGEST_NAME for part in (user, password)):
        raise ValueError("has a user or password that no mail server takes")
    return user, password


def _security(usual: str, asked: list[str] | None, *, has_login: bool) -> str:
    if asked is None:
        return usual
    if asked != ["none"] or usual != STARTTLS:
        raise ValueError("may say security=none after smtp://, nothing else of security")
    if has_login:
        raise ValueError("has a password and security=none: a password is never sent in the clear")
    return NO_SECURITY


def _sender(found: list[str]) -> str:
    if len(found) != 1:
        raise ValueError("has to have exactly one from=")
    return _mailbox(found[0])


def _recipients(found: list[str]) -> tuple[str, ...]:
    if not 1 <= len(found) <= MOST_RECIPIENTS:
        raise ValueError(f"has to have 1 to {MOST_RECIPIENTS} to=")
    return tuple(dict.fromkeys(_mailbox(one) for one in found))


def _mailbox(text: str) -> str:
    match = _MAILBOX.fullmatch(text)
    if match is None or len(text) > _LONGEST_ADDRESS:
        raise ValueError("has a from= or to= that is no plain mail address such as oncall@example.org")
    host_and_port(match[2])
    return text


def _judge(answer: OutboundAnswer) -> Verdict:
    said = f"The mail server answered {answer.status}{_detail(answer)}"
    if 200 <= answer.status < 300:
        partly = answer.body.startswith(_PARTLY)
        return Verdict(DELIVERED, f"{said}{', but some of the recipients were refused' if partly else ''}.")
    if 400 <= answer.status < 500:
        return Verdict(RETRY, f"{said}: not now.")
    if answer.status in (530, 534, 535, 538):
        return Verdict(FAILED_FOR_GOOD, f"{said}: it did not take the user and password.")
    return Verdict(FAILED_FOR_GOOD, f"{said}: it refused the message.")


def _detail(answer: OutboundAnswer) -> str:
    """The finer code. Its words may hold the recipients."""
    match = _DETAIL.match(answer.body)
    return f" ({match[1].decode()})" if match else ""


def _check(url: str) -> None:
    _route(url)


KIND = DestinationKind(
    name="mail",
    label="Mail",
    ask=f"The mail server, who sends and who receives, as one address: {_FORM}",
    check_address=_check,
    request=_request,
    judge=_judge,
    least_gap_ms=200,
)
