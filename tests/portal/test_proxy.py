"""The proxy of docker-compose.yml with its own configuration, and two web processes behind it."""

import contextlib
import http.client
import re
import shutil
import subprocess
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from http.cookies import SimpleCookie
from pathlib import Path

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from portal.bodies import LARGEST_BODY_BYTES
from tests.portal.compose_place import ADMIN_PASSWORD, Place, compose_place, needs_postgresql, needs_redis
from tests.waiting import free_port, wait_until

# Where Debian puts it is not in everybody's PATH.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SILENCE_SECONDS = 4.4  # After so long a page thinks that the line is lost; see static/js/line.js.

pytestmark = [
    needs_postgresql,
    needs_redis,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: str


@dataclass(frozen=True)
class Proxy:
    """What visitors reach, and the web processes behind it."""

    place: Place
    port: int
    web: "list[subprocess.Popen[bytes]]"

    def ask(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        visitor: str = "127.0.0.1",
    ) -> Answer:
        """One request of a visitor at that address of loopback, on a line of its own."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15, source_address=(visitor, 0))
        asked = dict(headers or {})
        body = urllib.parse.urlencode(form) if form is not None else None
        if body is not None:
            asked["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            line.request("GET" if body is None else "POST", path, body, asked)
            answer = line.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode("utf-8", "replace"))
        finally:
            line.close()

    def sign_in(
        self, password: str, *, visitor: str, headers: Mapping[str, str] | None = None
    ) -> tuple[Answer, str]:
        """Try a password of `admin`; the answer, and the cookies to go on with."""
        page = self.ask("/sign-in/", visitor=visitor)
        [token] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.body)
        asked = {**(headers or {}), "Cookie": cookies(page), "Origin": f"http://127.0.0.1:{self.port}"}
        form = {"username": "admin", "password": password, "csrfmiddlewaretoken": token}
        answer = self.ask("/sign-in/", headers=asked, form=form, visitor=visitor)
        return answer, cookies(answer)

    def socket(self, cookie: str) -> contextlib.AbstractContextManager[ClientConnection]:
        """A page's socket of the fleet."""
        return connect(
            f"ws://127.0.0.1:{self.port}/ws/fleet/",
            additional_headers={"Cookie": cookie},
            origin=f"http://127.0.0.1:{self.port}",  # type: ignore[arg-type]
            proxy=None,
            compression=None,
        )


def cookies(answer: Answer) -> str:
    """Those it set, as a browser sends them back."""
    jar: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_all("Set-Cookie", []):
        jar.load(line)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())


def configuration(place: Place, *, port: int, web_ports: list[int]) -> Path:
    """The file's own, with this machine's ports for the names that an engine resolves.

    `resolve` keeps up with containers that come and go; Debian's nginx is older than it.
    """
    text: str = place.file["configs"]["proxy"]["content"]
    [server] = re.findall(r"server web:8000 resolve (.*);", text)
    here = "\n".join(f"server 127.0.0.1:{web_port} {server};" for web_port in web_ports)
    text = re.sub(r"server web:8000 .*;", here, text).replace("listen 8080;", f"listen 127.0.0.1:{port};")
    path = place.directory / "nginx.conf"
    path.write_text(text.replace("/tmp/", f"{place.directory}/"))
    place.directory.chmod(0o711)  # Its workers are not root: they pass through to folders of their own.
    return path


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    port = free_port()
    with compose_place({"TOPMAST_PUBLIC_URL": f"http://127.0.0.1:{port}"}) as place:
        place.run("prepare")
        web_ports = [free_port(), free_port()]
        web = [place.start("web", port=web_port) for web_port in web_ports]
        path = configuration(place, port=port, web_ports=web_ports)
        with (place.directory / "proxy.log").open("ab") as log:
            nginx = subprocess.Popen(
                [str(NGINX), "-c", path, "-p", place.directory, "-e", "stderr", "-g", "daemon off;"],
                stderr=log,
            )
        place.running.append(nginx)
        for web_port in web_ports:
            wait_until(lambda: serves(web_port), within_seconds=60, what="web")  # noqa: B023
        wait_until(lambda: serves(port), within_seconds=10, what="the proxy")
        yield Proxy(place, port, web)


def serves(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


@pytest.fixture(scope="module")
def cookie(proxy: Proxy) -> str:
    answer, cookie = proxy.sign_in(ADMIN_PASSWORD, visitor="127.0.0.5")
    assert answer.status == 302
    return cookie


def addresses_of_tries(place: Place) -> set[str]:
    with psycopg.connect(place.database_url) as connection:
        return {row[0] for row in connection.execute("SELECT address FROM access_signintries").fetchall()}


def test_who_signs_in_is_known_whichever_process_answers(proxy: Proxy, cookie: str) -> None:
    answers = [proxy.ask("/", headers={"Cookie": cookie}) for _ in range(6)]

    assert {answer.status for answer in answers} == {200}
    assert proxy.ask("/").status == 302


def test_a_socket_passes_and_is_kept_open_by_heartbeats(proxy: Proxy, cookie: str) -> None:
    with proxy.socket(cookie) as page:
        assert '"type":"picture"' in str(page.recv(timeout=10))
        said = [str(page.recv(timeout=SILENCE_SECONDS)) for _ in range(3)]

    assert sum('"type":"heartbeat"' in message for message in said) >= 2


def test_a_made_up_address_gives_no_more_tries(proxy: Proxy) -> None:
    def try_from(made_up: str) -> Answer:
        headers = {
            "X-Forwarded-For": made_up,
            "X_Forwarded_For": made_up,
            "X-Real-IP": made_up,
            "Forwarded": f"for={made_up}",
        }
        return proxy.sign_in("wrong", visitor="127.0.0.2", headers=headers)[0]

    said = [try_from(f"198.51.100.{number}").body for number in range(6)]

    assert ["Too many tries" in body for body in said] == [False] * 5 + [True]
    assert "127.0.0.2" in addresses_of_tries(proxy.place)
    assert not [address for address in addresses_of_tries(proxy.place) if address.startswith("198.")]
    assert proxy.sign_in(ADMIN_PASSWORD, visitor="127.0.0.3")[0].status == 302, "but another is let in"


def test_what_ends_tls_before_the_proxy_is_believed_about_the_last_visitor(proxy: Proxy) -> None:
    headers = {"X-Forwarded-For": "198.51.100.77, 203.0.113.4"}

    answer, _ = proxy.sign_in("wrong", visitor="127.0.0.1", headers=headers)

    assert answer.status == 200
    assert "203.0.113.4" in addresses_of_tries(proxy.place)
    assert "198.51.100.77" not in addresses_of_tries(proxy.place)


@pytest.mark.parametrize("is_told", [True, False], ids=["told before", "in chunks"])
def test_a_body_that_is_too_large_is_refused(proxy: Proxy, is_told: bool) -> None:
    line = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=15)
    body = b"x" * (LARGEST_BODY_BYTES + 65_536)
    with contextlib.suppress(
        BrokenPipeError, ConnectionResetError
    ):  # It does not read on; the answer is there.
        line.request("POST", "/sign-in/", body if is_told else iter([body]))
    answer = line.getresponse()
    line.close()

    assert answer.status == 413


def test_static_files_come_compressed_and_may_be_kept_for_ever(proxy: Proxy) -> None:
    [script] = re.findall(r'src="(/static/dist/still\.\w+\.js)"', proxy.ask("/sign-in/").body)

    answer = proxy.ask(script, headers={"Accept-Encoding": "gzip"})

    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "no-store" in proxy.ask("/healthz").headers["Cache-Control"]


def test_its_health_check_asks_a_web_process_under_any_host(proxy: Proxy) -> None:
    asked = urllib.parse.urlsplit(proxy.place.services["proxy"]["healthcheck"]["test"][-1])

    answer = proxy.ask(asked.path, headers={"Host": asked.netloc})

    assert (answer.status, answer.body) == (200, "ok\n")


def test_a_killed_web_process_takes_only_its_own_sockets_and_they_find_the_other(
    proxy: Proxy, cookie: str
) -> None:
    with contextlib.ExitStack() as opened:
        pages = [opened.enter_context(proxy.socket(cookie)) for _ in range(4)]
        for page in pages:
            page.recv(timeout=10)

        proxy.web[0].kill()
        proxy.web[0].wait()

        answers = [proxy.ask("/", headers={"Cookie": cookie}) for _ in range(6)]
        lost = [page for page in pages if not is_open(page)]
        again = opened.enter_context(proxy.socket(cookie))
        assert '"type":"picture"' in str(again.recv(timeout=10))

    assert {answer.status for answer in answers} == {200}
    assert 0 < len(lost) < len(pages)


def is_open(page: ClientConnection) -> bool:
    """Whether more is said on it than was on its way already."""
    since = time.monotonic()
    try:
        while time.monotonic() < since + 1.0:
            page.recv(timeout=SILENCE_SECONDS)
    except (ConnectionClosed, TimeoutError):
        return False
    return True
