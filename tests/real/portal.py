"""A whole portal of its own: `manage.py up` on SQLite with an embedded Valkey, asked over REST."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

from websockets.sync.client import ClientConnection, connect

from tests.real.rig.processes import Process, ProgramFailed, descendants, wait_until
from tests.real.rig.programs import pick_ports

_ROOT = Path(__file__).resolve().parents[2]
_MANAGE = _ROOT / "manage.py"
_START_SECONDS = 90.0
_PASSWORD = "only-for-this-test-7f3a"

# How each child of `manage.py up` is told from the others: words of its command line.
CHILDREN = {
    "worker": ("celery", "worker"),
    "web": ("uvicorn",),
    "beat": ("celery", "beat"),
    "valkey": ("valkey-server",),
}


@dataclass(frozen=True)
class Said:
    """What the portal answered."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Portal:
    """One portal in a data directory of its own; it dies with the tests."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """One that is not running yet; settings are those of its environment, on top of ours."""
        self.folder = folder
        self.port = pick_ports().api_server
        self._up = Process(name="up", folder=folder, dies_with_parent=True)
        self._token = ""
        self._environment = _without_our_settings() | {
            "TOPMAST_DATA_DIR": str(folder / "data"),
            "TOPMAST_BIND": "127.0.0.1",
            "TOPMAST_PORT": str(self.port),
            "TOPMAST_DEMO": "0",
            "TOPMAST_ADMIN_PASSWORD": _PASSWORD,
            **settings,
        }

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self._up.start([sys.executable, str(_MANAGE), "up"], environment=self._environment)
        if not wait_until(self._is_ready, seconds=_START_SECONDS, look_again_seconds=0.5):
            raise ProgramFailed(f"the portal is not ready:\n{self._up.end_of_log(characters=6_000)}")
        self._token = self.manage("create_token", "--user", "admin", "--scope", "read").strip()

    def stop(self) -> None:
        """End it as Ctrl-C would."""
        self._up.stop(patience_seconds=12)

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run one of its commands and return what it printed."""
        done = subprocess.run(
            [sys.executable, str(_MANAGE), *arguments],
            env=self._environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ProgramFailed(
                f"manage.py {' '.join(arguments)}: {done.stderr[-3_000:]}{done.stdout[-500:]}"
            )
        return done.stdout

    def page(self, path: str) -> str:
        """A page as the administrator sees it in a browser."""
        address = f"http://127.0.0.1:{self.port}"
        opener = build_opener(ProxyHandler({}), HTTPCookieProcessor())
        form = opener.open(f"{address}/sign-in/", timeout=10).read().decode()
        token = form.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        typed = {"username": "admin", "password": _PASSWORD, "csrfmiddlewaretoken": token, "next": path}
        request = Request(f"{address}/sign-in/", urlencode(typed).encode(), {"Origin": address})
        page: str = opener.open(request, timeout=10).read().decode()
        return page

    def get(self, path: str) -> Said:
        """Ask REST as administrator. Raises OSError when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            return Said(answer.status, answer.read())
        finally:
            connection.close()

    def cluster(self, slug: str) -> dict[str, Any]:
        """One cluster as REST shows it."""
        found: dict[str, Any] = self.get(f"/api/v1/clusters/{slug}/").json()
        return found

    def resources(self, slug: str, **filters: str) -> Iterator[dict[str, Any]]:
        """Every object of a list, over all its pages; fails where they are not as many as it says."""
        path = f"/api/v1/clusters/{slug}/resources/?{urlencode(filters | {'page_size': '500'})}"
        count, seen = None, 0
        while path:
            said = self.get(path)
            if said.status != 200:
                raise ProgramFailed(f"{path}: {said.status} {said.body[:500]!r}")
            page = said.json()
            count = page["count"] if count is None else count
            seen += len(page["results"])
            yield from page["results"]
            following = page["next"]
            path = following and f"{urlsplit(following).path}?{urlsplit(following).query}"
        assert seen == count, f"{seen} listed, {count} counted"

    def socket(self, path: str) -> ClientConnection:
        """A websocket as a program opens it, with a token."""
        headers = {"Authorization": f"Bearer {self._token}"}
        return connect(f"ws://127.0.0.1:{self.port}{path}", additional_headers=headers, open_timeout=3)

    def pids(self, child: str) -> set[int]:
        """The processes of one of CHILDREN."""
        below = descendants(self._up.pid() or 0)
        return {pid for pid, line in below.items() if _has_words(line, CHILDREN[child])}

    def kill(self, child: str) -> None:
        """kill -9 one of CHILDREN."""
        found = self.pids(child)
        if not found:
            raise ProgramFailed(f"no {child} is running")
        for each in found:
            os.kill(each, signal.SIGKILL)

    def _is_ready(self) -> bool:
        if not self._up.is_running():
            raise ProgramFailed(f"the portal ended:\n{self._up.end_of_log(characters=6_000)}")
        try:
            return self.get("/readyz").status == 200
        except (OSError, http.client.HTTPException):
            return False


def _has_words(command_line: str, words: tuple[str, ...]) -> bool:
    """Whole words, or the last part of a path: --without-heartbeat is no beat."""
    said = {word.rpartition("/")[2] for word in command_line.split()}
    return said.issuperset(words)


def _without_our_settings() -> dict[str, str]:
    """Our environment but for what the tests, or whoever runs them, have set for another portal."""
    ours = ("TOPMAST_", "DJANGO_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
