"""Sends one request to one receiver and reads its answer: guarded, bounded, and never led elsewhere.

No redirects, no proxies of the environment, no cookies, no compression; one connection for each request. The
deadline is over everything, whatever the receiver drips; of its answer the first 64 KB are read.
"""

import socket
import time
from collections.abc import Iterator

import h11

from clusters.points import reached
from metrics.notify.addresses import PUBLIC_PORTS, WebAddress, web_address
from metrics.notify.dialling import Deadline, Line, dial, secure
from metrics.notify.kinds.kind import Outbound, OutboundAnswer, OutboundFault, OutboundLetter, OutboundRequest
from metrics.notify.letters import send_letter

LARGEST_BODY_BYTES = 256 * 1024
LARGEST_ANSWER_BYTES = 64 * 1024
_PIECE_BYTES = 16 * 1024

_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})


def send(outbound: Outbound, line: Line) -> OutboundAnswer:
    """Send it and wait for what comes back. Raises OutboundFault where nothing does."""
    began_seconds = time.monotonic()
    if isinstance(outbound, OutboundLetter):
        answer = send_letter(outbound, line)
    else:
        answer = send_request(outbound, line)
    latency_ms = round((time.monotonic() - began_seconds) * 1000)
    return OutboundAnswer(answer.status, answer.headers, answer.body, latency_ms)


def send_request(request: OutboundRequest, line: Line) -> OutboundAnswer:
    """One HTTP exchange, whatever its status. Raises OutboundFault."""
    try:
        address = web_address(request.url)
    except ValueError as error:
        raise OutboundFault("address", f"The address {error}.") from None
    if len(request.body) > LARGEST_BODY_BYTES:
        raise OutboundFault("too_large", f"The message is larger than {LARGEST_BODY_BYTES // 1024} KB.")
    content = _encoded(request, address)
    deadline = Deadline(line.whole_seconds)
    reached("request-made")
    sock = dial(address.host, address.port, line=line, public_ports=PUBLIC_PORTS, deadline=deadline)
    reached("connected")
    try:
        if address.scheme == "https":
            sock = secure(sock, address.host, line=line, deadline=deadline)
        return _Exchange(sock, deadline).run(*content)
    finally:
        sock.close()


def _encoded(request: OutboundRequest, address: WebAddress) -> tuple[h11.Request, bytes]:
    given = {name.lower(): value for name, value in request.headers.items() if name.lower() not in _OURS}
    headers = {
        "host": address.authority,
        "user-agent": "Topmast",
        "accept": "*/*",
        "accept-encoding": "identity",
        **given,
        "content-length": str(len(request.body)),
        "connection": "close",
    }
    try:
        head = h11.Request(method=request.method, target=address.target, headers=list(headers.items()))
    except (h11.LocalProtocolError, UnicodeEncodeError):
        raise OutboundFault("request", "The message has a header that cannot be sent.") from None
    return head, request.body


class _Exchange:
    """A request and its answer on one connected socket."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._machine = h11.Connection(our_role=h11.CLIENT)
        self._has_left = False
        self._response: h11.Response | None = None
        self._body = bytearray()

    def run(self, head: h11.Request, body: bytes) -> OutboundAnswer:
        """Send, then read until the answer is whole, or what has come must do."""
        try:
            self._send(head, body)
            reached("request-left")
            self._read()
        except OutboundFault as fault:
            return self._what_came_or(fault)
        except TimeoutError:
            return self._what_came_or(self._deadline.missed())
        except OSError:
            return self._what_came_or(
                OutboundFault("closed", "The receiver closed the connection before it answered.")
            )
        except h11.RemoteProtocolError:
            return self._what_came_or(
                OutboundFault("protocol", "The receiver does not answer as HTTP has it.")
            )
        return self._answer()

    def _send(self, head: h11.Request, body: bytes) -> None:
        events = (head, h11.Data(data=body), h11.EndOfMessage())
        content = b"".join(self._machine.send(event) or b"" for event in events)
        for start in range(0, len(content), _PIECE_BYTES):
            self._deadline.arm(self._sock)
            try:
                self._sock.sendall(content[start : start + _PIECE_BYTES])
            except (BrokenPipeError, ConnectionResetError):
                # It may have answered before it read all, say 413 or 404.
                break
            self._has_left = True

    def _read(self) -> None:
        for event in self._events():
            if isinstance(event, h11.Response):
                self._response = event
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) >= LARGEST_ANSWER_BYTES:
                    return
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
                return

    def _events(self) -> Iterator[object]:
        while True:
            event = self._machine.next_event()
            if event is h11.NEED_DATA:
                self._deadline.arm(self._sock)
                content = self._sock.recv(_PIECE_BYTES)
                reached("answer-begun")
                if not content and self._response is None:
                    raise ConnectionResetError
                self._machine.receive_data(content)
            elif event is h11.PAUSED:
                return
            else:
                yield event

    def _what_came_or(self, fault: OutboundFault) -> OutboundAnswer:
        """The answer as far as it came, once its status is known; a status is a verdict."""
        if self._response is not None:
            return self._answer()
        fault.may_have_arrived = self._has_left
        raise fault

    def _answer(self) -> OutboundAnswer:
        if self._response is None:
            raise OutboundFault(
                "closed",
                "The receiver closed the connection before it answered.",
                may_have_arrived=self._has_left,
            )
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in self._response.headers}
        return OutboundAnswer(self._response.status_code, headers, bytes(self._body[:LARGEST_ANSWER_BYTES]))
