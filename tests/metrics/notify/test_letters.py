"""How a letter is handed to a mail server, spoken to over a real socket."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from clusters.connection.guard import LOOPBACK
from metrics.notify.dialling import Line
from metrics.notify.kinds.kind import OutboundAnswer, OutboundFault, OutboundLetter
from metrics.notify.outbound import send
from tests.clusters.certificates import make_pair

LINE = Line(allowed_ranges=LOOPBACK, connect_seconds=2.0, whole_seconds=2.0)


@dataclass
class Post:
    """A mail server that says its lines: what each command is answered with, where not the usual."""

    replies: dict[str, bytes] = field(default_factory=dict)
    greeting: bytes = b"220 post.example\r\n"
    context: ssl.SSLContext | None = None
    said: list[str] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)
    port: int = 0

    def reply(self, verb: str) -> bytes:
        """To one line of the client."""
        starttls = b"250-STARTTLS\r\n" if self.context else b""
        extensions = starttls + b"250-AUTH PLAIN\r\n250 8BITMIME\r\n"
        usual = {"EHLO": b"250-post.example\r\n" + extensions, "DATA": b"354 go on\r\n",
                 "STARTTLS": b"220 go on\r\n", "AUTH": b"235 hello\r\n", "QUIT": b"221 bye\r\n"}  # fmt: skip
        return self.replies.get(verb, usual.get(verb, b"250 ok\r\n"))


@contextlib.contextmanager
def serving(post: Post) -> Iterator[Post]:
    """The server until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    post.port = listener.getsockname()[1]
    thread = threading.Thread(target=_serve, args=(listener, post), daemon=True)
    thread.start()
    try:
        yield post
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _serve(listener: socket.socket, post: Post) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        connection, _ = listener.accept()
        with connection:
            connection.sendall(post.greeting)
            _talk(connection, post)


def _talk(connection: socket.socket, post: Post) -> None:
    lines = connection.makefile("rb")
    while line := lines.readline():
        command = line.decode().strip()
        verb = command.split(" ")[0].upper()
        post.said.append(verb)
        reply = post.reply(verb)
        connection.sendall(reply)
        if verb == "STARTTLS" and reply.startswith(b"220") and post.context:
            with post.context.wrap_socket(connection, server_side=True) as secure:
                _talk(secure, post)
            return
        if verb == "DATA" and reply.startswith(b"354"):
            post.letters.append(b"".join(iter(lines.readline, b".\r\n")))
            connection.sendall(post.replies.get(".", b"250 taken\r\n"))


def letter(post: Post, security: str = "none", **changes: object) -> OutboundLetter:
    content = b"Subject: Critical: 6 nodes not ready\r\n\r\n.hidden dot\r\nbody\r\n"
    plain = OutboundLetter(
        host="127.0.0.1",
        port=post.port,
        security=security,
        sender="topmast@example.org",
        recipients=("ops@example.org", "night@example.org"),
        content=content,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def given_to(post: Post, line: Line = LINE, **changes: object) -> OutboundAnswer:
    with serving(post):
        return send(letter(post, **changes), line)  # type: ignore[arg-type]


def fault_of(post: Post, line: Line = LINE, **changes: object) -> OutboundFault:
    with pytest.raises(OutboundFault) as caught:
        given_to(post, line, **changes)
    return caught.value


def test_a_letter_arrives_with_its_dots_doubled() -> None:
    post = Post()
    assert given_to(post).status == 250
    assert post.letters == [b"Subject: Critical: 6 nodes not ready\r\n\r\n..hidden dot\r\nbody\r\n"]
    assert post.said == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA"]


@pytest.mark.parametrize(
    ("verb", "reply", "status"),
    [("MAIL", b"451 later\r\n", 451), ("MAIL", b"550 not you\r\n", 550), ("RCPT", b"550 nobody\r\n", 550),
     ("DATA", b"452 full\r\n", 452), (".", b"554 spam\r\n", 554), (".", b"451 later\r\n", 451)],
)  # fmt: skip
def test_what_the_server_refuses_is_an_answer(verb: str, reply: bytes, status: int) -> None:
    assert given_to(Post(replies={verb: reply})).status == status


def test_a_server_that_greets_us_with_a_refusal_is_an_answer_too() -> None:
    answer = given_to(Post(greeting=b"421 too busy\r\n"))
    assert (answer.status, answer.body) == (421, b"too busy")


def test_a_server_that_dies_after_the_letter_may_have_taken_it() -> None:
    class Dying(Post):
        def reply(self, verb: str) -> bytes:
            if verb == "DATA":
                raise ConnectionResetError
            return super().reply(verb)

    fault = fault_of(Dying())
    assert (fault.reason, fault.may_have_arrived) == ("closed", True)


def test_a_server_that_says_nothing_meets_the_deadline() -> None:
    fault = fault_of(Post(greeting=b""), replace(LINE, whole_seconds=0.3))
    assert (fault.reason, fault.may_have_arrived) == ("timeout", False)


def test_a_server_that_never_ends_its_line_meets_the_limit() -> None:
    endless = b"".join(b"250-%d more\r\n" % number for number in range(20_000))
    assert fault_of(Post(replies={"EHLO": endless})).reason == "protocol"


def test_starttls_is_never_done_without_where_it_is_asked_for() -> None:
    post = Post()
    assert fault_of(post, security="starttls").reason == "tls"
    assert post.said == ["EHLO"]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
def test_an_answer_out_of_place_never_counts_as_taken(verb: str) -> None:
    assert fault_of(Post(replies={verb: b"299 whatever\r\n"})).reason == "protocol"


def test_a_password_never_leaves_without_tls() -> None:
    post = Post()
    with pytest.raises(OutboundFault, match="without TLS"):
        send(letter(post, user="topmast", password="verysecret"), LINE)
    assert post.said == []


def test_after_starttls_the_letter_and_the_password_go_encrypted(tmp_path: Path) -> None:
    pair = make_pair()
    (tmp_path / "pair.pem").write_text(pair.certificate_pem + pair.key_pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "pair.pem")
    client = ssl.create_default_context(cadata=pair.certificate_pem)
    post = Post(context=server)
    line = replace(LINE, context=lambda: client)
    answer = given_to(post, line, security="starttls", user="topmast", password="verysecret")
    assert answer.status == 250
    assert post.said[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


def test_a_mail_server_in_a_private_network_must_be_allowed() -> None:
    post = Post(port=25)
    with pytest.raises(OutboundFault, match="TOPMAST_WEBHOOK_RANGES"):
        send(letter(post), replace(LINE, allowed_ranges=()))
