"""What leaves, where it may go, and what each way of failing is called."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from clusters.connection.guard import LOOPBACK
from metrics.notify import outbound
from metrics.notify.dialling import Line
from metrics.notify.kinds.kind import OutboundFault, OutboundRequest
from metrics.notify.outbound import LARGEST_ANSWER_BYTES, LARGEST_BODY_BYTES, send
from tests.clusters.certificates import make_pair
from tests.metrics.notify.receivers import (
    OK,
    Behaviour,
    Receiver,
    answer,
    die,
    drip,
    flood,
    hang,
    raw,
    receiving,
    reset_after,
)

LINE = Line(allowed_ranges=LOOPBACK, connect_seconds=2.0, whole_seconds=2.0)
IMPATIENT = replace(LINE, whole_seconds=0.4)
METADATA = "169.254.169.254"


def post(url: str, line: Line = LINE, body: bytes = b"{}", **headers: str) -> outbound.OutboundAnswer:
    return send(OutboundRequest(url=url, body=body, headers=headers), line)


def fault_of(call: Callable[[], object]) -> OutboundFault:
    with pytest.raises(OutboundFault) as caught:
        call()
    return caught.value


def named(*addresses: str) -> Line:
    """Every name resolves to these addresses."""
    return replace(LINE, resolve=lambda _host, _port: list(addresses))


def test_a_request_arrives_as_it_was_made(receiver: Receiver) -> None:
    given = post(receiver.url("/a?b=c"), body=b'{"text": "x"}', **{"Content-Type": "application/json"})
    call = receiver.calls[0]
    assert (given.status, given.body, call.method, call.path) == (200, b"ok", "POST", "/a?b=c")
    assert call.body == b'{"text": "x"}'
    assert call.headers["content-type"] == "application/json"
    assert call.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert call.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"not ok"), (400, b"invalid_payload"), (403, b"action_prohibited"), (404, b"no_service"),
     (410, b"channel_is_archived"), (429, b"slow down"), (500, b"rollup_error"), (503, b"")],
)  # fmt: skip
def test_every_status_is_an_answer_with_its_body(receiver: Receiver, status: int, body: bytes) -> None:
    receiver.behaviours["/hook"] = answer(status, body, retry_after="7")
    given = post(receiver.url())
    assert (given.status, given.body, given.headers["retry-after"]) == (status, body, "7")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_nobody_follows_it(receiver: Receiver, status: int) -> None:
    receiver.behaviours["/hook"] = answer(status, location=receiver.url("/elsewhere"))
    assert post(receiver.url()).status == status
    assert [call.path for call in receiver.calls] == ["/hook"]


@pytest.mark.parametrize("behaviour", [hang, drip])
def test_the_deadline_holds_whatever_is_dripped(receiver: Receiver, behaviour: Behaviour) -> None:
    receiver.behaviours["/hook"] = behaviour
    fault = fault_of(lambda: post(receiver.url(), IMPATIENT))
    assert (fault.reason, fault.may_have_arrived) == ("timeout", True)


def test_a_body_that_drips_for_ever_is_cut_and_its_status_counts(receiver: Receiver) -> None:
    def slow_body(call: object) -> None:
        raw(b"HTTP/1.1 500 No\r\ncontent-length: 1000\r\n\r\nsorry")(call)  # type: ignore[arg-type]
        hang(call)  # type: ignore[arg-type]

    receiver.behaviours["/hook"] = slow_body
    given = post(receiver.url(), IMPATIENT)
    assert (given.status, given.body) == (500, b"sorry")


def test_of_a_gigabyte_the_first_64_kilobytes_are_read(receiver: Receiver) -> None:
    receiver.behaviours["/hook"] = flood
    given = post(receiver.url())
    assert (given.status, len(given.body)) == (200, LARGEST_ANSWER_BYTES)


def test_a_reset_after_a_whole_answer_takes_nothing_from_it(receiver: Receiver) -> None:
    receiver.behaviours["/hook"] = reset_after(OK)
    assert post(receiver.url()).body == b"ok"


@pytest.mark.parametrize("behaviour", [die, reset_after(b""), reset_after(b"HTTP/1.1 2")])
def test_one_that_dies_before_it_answers_may_have_taken_the_message(
    receiver: Receiver, behaviour: Behaviour
) -> None:
    receiver.behaviours["/hook"] = behaviour
    fault = fault_of(lambda: post(receiver.url()))
    assert (fault.reason, fault.may_have_arrived) == ("closed", True)


@pytest.mark.parametrize(
    "content",
    [b"SSH-2.0-OpenSSH_9\r\n\r\n", b"220 mail ESMTP\r\n\r\n", b"\x00\x01\x02\r\n\r\n",
     b"HTTP/1.1 abc No\r\n\r\n", b"HTTP/1.1 200 OK\r\nx" + b"y" * 200_000 + b"\r\n\r\n",
     b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok"],
)  # fmt: skip
def test_what_is_not_http_is_called_so(receiver: Receiver, content: bytes) -> None:
    receiver.behaviours["/hook"] = raw(content)
    assert fault_of(lambda: post(receiver.url())).reason == "protocol"


def test_a_closed_port_is_refused_and_nothing_has_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    fault = fault_of(lambda: post(f"http://127.0.0.1:{port}/"))
    assert (fault.reason, fault.may_have_arrived) == ("refused", False)


def test_a_name_that_is_not_resolved_is_said_so() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    assert fault_of(lambda: post("https://gone.example/", replace(LINE, resolve=unknown))).reason == "dns"
    assert fault_of(lambda: post("https://empty.example/", named())).reason == "dns"


def test_a_name_server_that_hangs_does_not_hold_us(receiver: Receiver) -> None:
    def slow(_host: str, _port: int) -> list[str]:
        receiver.stopping.wait(5)
        return []

    line = replace(LINE, resolve=slow, connect_seconds=0.2)
    fault = fault_of(lambda: post("https://slow.example/", line))
    receiver.stopping.set()
    assert fault.reason == "dns"


def test_nothing_private_is_reached_unless_it_is_allowed(receiver: Receiver) -> None:
    fault = fault_of(lambda: post(receiver.url(), replace(LINE, allowed_ranges=())))
    assert fault.reason == "blocked_address"
    assert "TOPMAST_WEBHOOK_RANGES" in fault.sentence
    assert receiver.calls == []


@pytest.mark.parametrize(
    "host",
    [METADATA, "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[fd00:ec2::254]",
     "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "[::]", "224.0.0.1", "255.255.255.255",
     "[fe80::1]", "[::127.0.0.1]", "10.0.0.1", "100.64.0.1", "[fc00::1]"],
)  # fmt: skip
def test_what_is_never_public_is_blocked_however_it_is_written(host: str) -> None:
    line = replace(LINE, allowed_ranges=())
    assert fault_of(lambda: post(f"https://{host}/latest/meta-data/", line)).reason == "blocked_address"


def test_one_forbidden_address_among_those_of_a_name_blocks_all(receiver: Receiver) -> None:
    fault = fault_of(lambda: post(receiver.url(host="two.example"), named("127.0.0.1", METADATA)))
    assert fault.reason == "blocked_address"
    assert receiver.calls == []


def test_a_name_is_resolved_once_so_that_it_cannot_change_between_check_and_use(receiver: Receiver) -> None:
    answers = iter([["127.0.0.1"], [METADATA]])
    line = replace(LINE, resolve=lambda _host, _port: next(answers))
    assert post(receiver.url(host="rebinds.example"), line).status == 200
    assert receiver.calls[0].headers["host"] == f"rebinds.example:{receiver.port}"
    assert fault_of(lambda: post(receiver.url(host="rebinds.example"), line)).reason == "blocked_address"


def test_a_public_address_is_spoken_to_at_the_ports_of_web_servers_alone() -> None:
    line = replace(LINE, resolve=lambda _host, _port: ["8.8.8.8"])
    for port in (22, 25, 6379, 9200, 11211):
        fault = fault_of(lambda port=port: post(f"https://public.example:{port}/", line))
        assert (fault.reason, str(port) in fault.sentence) == ("blocked_address", True)


def test_the_next_address_is_tried_where_one_refuses(receiver: Receiver) -> None:
    assert post(receiver.url(host="two.example"), named("127.0.0.2", "127.0.0.1")).status == 200


def test_no_proxy_of_the_environment_is_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        assert post(receiver.url()).status == 200
        assert proxy.calls == []


def test_headers_that_are_ours_or_broken_never_leave(receiver: Receiver) -> None:
    post(receiver.url(), Host="evil.example", **{"Transfer-Encoding": "chunked", "Content-Length": "999"})
    assert receiver.calls[0].headers["host"] == f"127.0.0.1:{receiver.port}"
    assert "transfer-encoding" not in receiver.calls[0].headers
    for value in ("a\r\nx-evil: 1", "a\nb", "a\x00b", "é✓"):
        assert fault_of(lambda value=value: post(receiver.url(), x=value)).reason == "request"


def test_a_message_that_is_too_large_is_not_sent(receiver: Receiver) -> None:
    assert fault_of(lambda: post(receiver.url(), body=b"x" * (LARGEST_BODY_BYTES + 1))).reason == "too_large"
    assert post(receiver.url(), body=b"x" * LARGEST_BODY_BYTES).status == 200


def test_no_fault_tells_the_secret_part_of_an_address(receiver: Receiver) -> None:
    receiver.behaviours["/verysecret"] = die
    urls = (
        receiver.url("/verysecret"),
        f"https://{METADATA}/verysecret",
        "https://user:verysecret@a.example/",
    )
    for url in urls:
        fault = fault_of(lambda url=url: post(url))
        assert "verysecret" not in f"{fault} {fault!r} {fault.sentence} {fault.__cause__!r}"


def _trusting(
    folder: Path, host: str = "hooks.example", *, trusted: bool = True
) -> tuple[ssl.SSLContext, Line]:
    pair = make_pair(host=host)
    (folder / "pair.pem").write_text(pair.certificate_pem + pair.key_pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "pair.pem")
    client = (
        ssl.create_default_context(cadata=pair.certificate_pem) if trusted else ssl.create_default_context()
    )
    return server, replace(named("127.0.0.1"), context=lambda: client)


def test_https_keeps_the_name_while_it_connects_to_the_address(tmp_path: Path) -> None:
    context, line = _trusting(tmp_path)
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with receiving(context) as receiver:
        given = post(receiver.url(host="hooks.example"), line)
    assert (given.status, names) == (200, ["hooks.example"])


def test_a_certificate_for_another_name_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    context, line = _trusting(tmp_path, host="other.example")
    with receiving(context) as receiver:
        fault = fault_of(lambda: post(receiver.url(host="hooks.example"), line))
    assert (fault.reason, fault.may_have_arrived, receiver.calls) == ("tls", False, [])


def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    context, line = _trusting(tmp_path, trusted=False)
    with receiving(context) as receiver:
        assert fault_of(lambda: post(receiver.url(host="hooks.example"), line)).reason == "tls"


def test_plain_http_at_an_https_address_is_a_fault_of_tls(receiver: Receiver) -> None:
    url = receiver.url().replace("http:", "https:")
    assert fault_of(lambda: post(url, IMPATIENT)).reason in ("tls", "timeout")
