"""Messages as letters, read back by the mail package and handed to a real mail server."""

import contextlib
import email
import email.policy
import socket
import ssl
from collections.abc import Iterator
from email.header import decode_header, make_header
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from clusters.connection.guard import LOOPBACK
from metrics.notify.dialling import Line
from metrics.notify.kinds.kind import OutboundLetter, Target
from metrics.notify.kinds.mail import KIND, MOST_RECIPIENTS
from metrics.notify.message import Message
from metrics.notify.outbound import send
from tests.clusters.certificates import make_pair
from tests.metrics.notify.builders import GROUP, NOW_MS, a_message, a_node, ended

QUERY = "from=topmast@example.org&to=ops@example.org&to=night@example.net"
ADDRESS = f"smtp://mail.example.org:587?{QUERY}"
URL = f"https://topmast.example.org/alerts/{GROUP}/"
HEADERS = [
    "Subject",
    "From",
    "To",
    "Date",
    "Message-ID",
    "References",
    "In-Reply-To",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
]
TAGS = {
    "html", "head", "meta", "title", "body", "div", "h2", "p", "table", "tr", "th", "td", "pre", "a",
}  # fmt: skip


def letter(message: Message, url: str = ADDRESS, at_ms: int = NOW_MS) -> OutboundLetter:
    outbound = KIND.request(message, Target(url=url, at_ms=at_ms))
    assert isinstance(outbound, OutboundLetter)
    return outbound


def read(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def part(found: EmailMessage, kind: str) -> str:
    body = found.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content


class Page(HTMLParser):
    """The tags, addresses and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.said: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_a_letter_says_in_its_subject_how_bad_what_and_where() -> None:
    found = read(letter(a_message(*(a_node(number) for number in range(6)))).content)

    assert found["Subject"] == "Critical: 6 nodes are not ready · prod-us-east-2"
    assert found["From"] == "Topmast <topmast@example.org>"
    assert found["To"] == "ops@example.org, night@example.net"
    assert found["Date"] == "Sat, 21 Nov 2026 14:25:00 +0000"
    assert found["Auto-Submitted"] == "auto-generated"


def test_text_and_page_say_the_same() -> None:
    message = a_message(*(a_node(number) for number in range(12)))
    found = read(letter(message).content)
    text, page = part(found, "plain"), Page(part(found, "html"))

    for line in ("12 nodes are not ready.", "◆ Node ip-10-4-0 · since 14:17 UTC", "+2 more", message.advice):
        assert line in text.splitlines()
        assert line in page.said
    assert URL in text.splitlines()
    assert page.links == [URL, "https://runbooks.example.org/node-not-ready"]


def test_the_letters_of_a_group_are_one_thread() -> None:
    first = a_message(a_node(1))
    last = a_message(ended(a_node(1)), before=first)
    one, two = read(letter(first).content), read(letter(last).content)

    thread = f"<{GROUP}@example.org>"
    assert one["References"] == two["References"] == two["In-Reply-To"] == thread
    assert one["In-Reply-To"] is None
    assert one["Message-ID"] == f"<{first.id}@example.org>"
    assert two["Message-ID"] != one["Message-ID"]


def test_every_copy_of_a_letter_has_the_same_id_and_body() -> None:
    message = a_message(a_node(1))
    one, two = letter(message), letter(message, at_ms=NOW_MS + 5_000)

    assert read(one.content)["Message-ID"] == read(two.content)["Message-ID"]
    assert one.content.replace(b"14:25:00", b"14:25:05") == two.content


def test_a_name_that_holds_the_id_of_its_message_ends_no_part() -> None:
    message = a_message(a_node(1))
    copied = msgspec.structs.replace(message, advice=f"--topmast-{message.id}--", sentence=f"--{message.id}")

    assert len(list(read(letter(copied).content).walk())) == 3


def test_50_000_odd_names_make_no_header_no_part_and_no_tag(strange: tuple[Message, ...]) -> None:
    for message in strange:
        content = letter(message).content
        # The older way to read a letter, because it is three times as fast; the other tests use the newer.
        found = email.message_from_bytes(content)
        assert found.keys() == [name for name in HEADERS if message.sequence > 1 or name != "In-Reply-To"]
        assert str(make_header(decode_header(found["Subject"]))) == message.title
        whole, text, page = found.walk()
        assert [one.get_content_type() for one in (whole, text, page)] == [
            "multipart/alternative",
            "text/plain",
            "text/html",
        ]
        assert message.title in decoded(text).split("\n")[0]
        check_page(Page(decoded(page)))
        assert max(map(len, content.split(b"\r\n"))) <= 998
        assert b"\n" not in content.replace(b"\r\n", b"")
        content.decode("ascii")


def decoded(one: Any) -> str:
    payload: bytes = one.get_payload(decode=True)
    return payload.decode()


def check_page(page: Page) -> None:
    """Our own tags and links, nothing else."""
    assert page.tags <= TAGS
    assert page.names <= {"lang", "charset", "style", "align", "href"}
    assert page.links[0] == URL
    assert all(link.startswith("https://") for link in page.links)


@contextlib.contextmanager
def mail_server(**options: Any) -> Iterator["Post"]:
    post = Post()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=port, **options)
    controller.start()
    post.port = port
    try:
        yield post
    finally:
        controller.stop()


class Post:
    """What a mail server took."""

    port = 0

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return "250 2.0.0 taken"


def test_a_real_mail_server_takes_what_we_hand_it_and_has_all_of_it(strange: tuple[Message, ...]) -> None:
    messages = [a_message(a_node(1)), *strange[:20]]
    line = Line(allowed_ranges=LOOPBACK)
    with mail_server() as post:
        url = f"smtp://127.0.0.1:{post.port}?security=none&{QUERY}"
        letters = [letter(message, url) for message in messages]
        verdicts = [KIND.judge(send(one, line)) for one in letters]

    assert {verdict.outcome for verdict in verdicts} == {"delivered"}
    assert [content for _, _, content in post.taken] == [one.content for one in letters]
    assert post.taken[0][:2] == ("topmast@example.org", ["ops@example.org", "night@example.net"])
    assert [read(content)["Subject"] for _, _, content in post.taken] == [one.title for one in messages]


@pytest.mark.parametrize(("password", "outcome"), [("s%2Fecret%40", "delivered"), ("wrong", "failed")])
def test_a_server_that_asks_for_a_password_gets_it_after_starttls(
    tmp_path: Path, password: str, outcome: str
) -> None:
    pair = make_pair()
    (tmp_path / "pair.pem").write_text(pair.certificate_pem + pair.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pair.pem")

    def knows(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_right = (data.login, data.password) == (b"top@mast", b"s/ecret@")
        return AuthResult(success=is_right, handled=False)

    client = ssl.create_default_context(cadata=pair.certificate_pem)
    with mail_server(
        tls_context=context, require_starttls=True, auth_required=True, authenticator=knows
    ) as post:
        url = f"smtp://top%40mast:{password}@127.0.0.1:{post.port}?{QUERY}"
        answer = send(
            letter(a_message(a_node(1)), url), Line(allowed_ranges=LOOPBACK, context=lambda: client)
        )

    assert KIND.judge(answer).outcome == outcome
    assert len(post.taken) == (outcome == "delivered")


@pytest.mark.parametrize(
    ("url", "security", "port"),
    [
        (f"smtp://mail.example.org?{QUERY}", "starttls", 587),
        (f"smtps://mail.example.org?{QUERY}", "tls", 465),
        (f"smtp://mail.example.org/?security=none&{QUERY}", "none", 25),
        (f"smtp://mail.example.org:2525?{QUERY}", "starttls", 2525),
        (f"smtp://[::1]:2525?{QUERY}", "starttls", 2525),
    ],
)
def test_the_scheme_says_how_it_is_encrypted_and_the_usual_port(url: str, security: str, port: int) -> None:
    KIND.check_address(url)
    made = letter(a_message(a_node(1)), url)

    assert (made.security, made.port) == (security, port)


def test_what_is_special_in_a_password_is_written_with_a_percent_sign() -> None:
    made = letter(a_message(a_node(1)), f"smtps://top%40mast:p%3Aa%2Fs%3Fs@mail.example.org?{QUERY}")

    assert (made.user, made.password, made.host) == ("top@mast", "p:a/s?s", "mail.example.org")


def test_recipients_may_be_told_apart_by_commas_and_are_told_once() -> None:
    url = "smtp://mail.example.org?from=a@example.org&to=b+x@example.org,c@example.org&to=c@example.org"

    assert letter(a_message(a_node(1)), url).recipients == ("b+x@example.org", "c@example.org")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        f"https://mail.example.org?{QUERY}",
        f"smtp://?{QUERY}",
        f"smtp://mail.example.org/path?{QUERY}",
        f"smtp://mail.example.org:99999?{QUERY}",
        f"smtp://127.1?{QUERY}",
        f"smtp://[::1?{QUERY}",
        f"smtp://user@mail.example.org?{QUERY}",
        f"smtp://:password@mail.example.org?{QUERY}",
        f"smtp://user:pass%0D%0Aword@mail.example.org?{QUERY}",
        f"smtp://user:password@mail.example.org?security=none&{QUERY}",
        f"smtps://mail.example.org?security=none&{QUERY}",
        f"smtp://mail.example.org?security=starttls&{QUERY}",
        f"smtp://mail.example.org?cc=x@example.org&{QUERY}",
        f"smtp://mail.example.org?{QUERY}#x",
        "smtp://mail.example.org",
        "smtp://mail.example.org?from=a@example.org",
        "smtp://mail.example.org?to=a@example.org",
        "smtp://mail.example.org?from=a@example.org&from=b@example.org&to=c@example.org",
        "smtp://mail.example.org?from=a@example.org&to=",
        "smtp://mail.example.org?from=a@example.org&to=b",
        "smtp://mail.example.org?from=a@example.org&to=b@example.org%0D%0ABcc:c@example.org",
        "smtp://mail.example.org?from=a@example.org&to=b@example.org%00",
        "smtp://mail.example.org?from=Someone%20<a@example.org>&to=b@example.org",
        "smtp://mail.example.org?from=%22a%20b%22@example.org&to=b@example.org",
        "smtp://mail.example.org?from=a@ex%C3%A4mple.org&to=b@example.org",
        "smtp://mail.example.org?from=a@-&to=b@example.org",
        "smtp://mail.example.org?from=" + "a" * 250 + "@example.org&to=b@example.org",
        "smtp://mail.example.org?from=a@example.org"
        + "".join(f"&to=b{n}@example.org" for n in range(MOST_RECIPIENTS + 1)),
    ],
)
def test_what_is_no_address_for_mail_is_refused_in_words(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|may|must)\b") as refusal:
        KIND.check_address(url)

    assert "password@" not in str(refusal.value).replace("PASSWORD", "")
