"""Hands one letter to one SMTP server over the guarded socket, within one deadline."""

import io
import smtplib
import socket
from typing import Any

from metrics.notify.addresses import PUBLIC_MAIL_PORTS
from metrics.notify.dialling import Deadline, Line, dial, secure
from metrics.notify.kinds.kind import (
    NO_SECURITY,
    STARTTLS,
    TLS,
    OutboundAnswer,
    OutboundFault,
    OutboundLetter,
)

LARGEST_LETTER_BYTES = 1024 * 1024
LARGEST_REPLIES_BYTES = 64 * 1024
_PIECE_BYTES = 16 * 1024


def send_letter(letter: OutboundLetter, line: Line) -> OutboundAnswer:
    """What the server said to the letter, or to the step that it refused. Raises OutboundFault."""
    if len(letter.content) > LARGEST_LETTER_BYTES:
        raise OutboundFault("too_large", f"The letter is larger than {LARGEST_LETTER_BYTES // 1024} KB.")
    if letter.user and letter.security == NO_SECURITY:
        raise OutboundFault("tls", "A password is never sent to a mail server without TLS.")
    deadline = Deadline(line.whole_seconds)
    sock = dial(letter.host, letter.port, line=line, public_ports=PUBLIC_MAIL_PORTS, deadline=deadline)
    session = _Session(sock, letter.host, line=line, deadline=deadline)
    try:
        return _spoken(session, letter)
    except OutboundFault as fault:
        fault.may_have_arrived = session.is_in_data
        raise
    finally:
        session.close()


def _spoken(session: "_Session", letter: OutboundLetter) -> OutboundAnswer:
    """The conversation; what refuses is an answer, what breaks a fault."""
    try:
        return _handed_over(session, letter)
    except smtplib.SMTPResponseException as refusal:
        return _refusal(refusal.smtp_code, refusal.smtp_error)
    except smtplib.SMTPRecipientsRefused as refusal:
        return _refusal(*next(iter(refusal.recipients.values())))
    except smtplib.SMTPNotSupportedError as lack:
        raise OutboundFault("tls", f"The mail server cannot do what is asked of it: {lack}") from lack
    except TimeoutError:
        raise session.deadline.missed() from None
    except (smtplib.SMTPServerDisconnected, OSError) as error:
        raise OutboundFault("closed", "The mail server closed the connection midway.") from error


def _handed_over(session: "_Session", letter: OutboundLetter) -> OutboundAnswer:
    if letter.security == TLS:
        session.secure()
    session.expect_greeting()
    session.ehlo()
    if letter.security == STARTTLS:
        session.begin_tls()
    if letter.user:
        session.login(letter.user, letter.password)
    refused = session.sendmail(letter.sender, letter.recipients, letter.content)
    if not refused:
        return _answer(250, b"accepted")
    names = ", ".join(f"{name} ({code})" for name, (code, _) in sorted(refused.items()))
    return _answer(250, f"accepted, but not for {names}".encode())


def _refusal(code: int, text: bytes | str) -> OutboundAnswer:
    """A step that did not go on. One that says yes where it should not must never count as taken."""
    if code < 400:
        raise OutboundFault("protocol", f"The mail server answered {code} where that means nothing.")
    return _answer(code, text)


def _answer(code: int, text: bytes | str) -> OutboundAnswer:
    body = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    return OutboundAnswer(code, {}, body[:LARGEST_REPLIES_BYTES])


class _Session(smtplib.SMTP):
    """smtplib's conversation, on our socket and by our deadline."""

    def __init__(self, sock: socket.socket, host: str, *, line: Line, deadline: Deadline) -> None:
        super().__init__(local_hostname="topmast.invalid")
        self.sock = sock
        self.is_in_data = False
        self._host = host
        self._line = line
        self.deadline = deadline

    def secure(self) -> None:
        """TLS from the first byte."""
        assert self.sock is not None
        self.sock = secure(self.sock, self._host, line=self._line, deadline=self.deadline)
        self.file = None

    def begin_tls(self) -> None:
        """TLS after STARTTLS. Never goes on without: what lies between could have left it out."""
        if not self.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError("it offers no encryption (STARTTLS).")
        code, text = self.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, text)
        self.secure()
        # What was said in the clear counts no more.
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False
        self.ehlo()

    def expect_greeting(self) -> None:
        """The server speaks first."""
        code, text = self.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)

    def getreply(self) -> tuple[int, bytes]:
        """One reply, read within the deadline."""
        assert self.sock is not None
        if self.file is None:
            self.file = io.BufferedReader(_Replies(self.sock, self.deadline))
        return super().getreply()

    def send(self, s: Any) -> None:
        """One command or the letter, sent within the deadline."""
        assert self.sock is not None
        content = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for start in range(0, len(content), _PIECE_BYTES):
            self.deadline.arm(self.sock)
            self.sock.sendall(content[start : start + _PIECE_BYTES])

    def data(self, msg: Any) -> tuple[int, bytes]:
        """The letter itself: from here on it may have arrived."""
        self.is_in_data = True
        return super().data(msg)


class _Replies(io.RawIOBase):
    """What the server says; each read ends by the deadline, however little comes at a time."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._left_bytes = LARGEST_REPLIES_BYTES

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Some bytes; none at the end."""
        if self._left_bytes <= 0:
            raise OutboundFault("protocol", "The mail server says more than a mail server says.")
        self._deadline.arm(self._sock)
        try:
            count = self._sock.recv_into(buffer, min(len(buffer), self._left_bytes))
        except TimeoutError:
            # smtplib would call it a lost connection.
            raise self._deadline.missed() from None
        self._left_bytes -= count
        return count
