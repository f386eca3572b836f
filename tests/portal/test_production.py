"""The commands and the environment of docker-compose.yml, started as they stand, with Debian's servers."""

import http.cookiejar
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.portal.compose_place import ADMIN_PASSWORD, Place, compose_place, needs_postgresql, needs_redis
from tests.waiting import free_port, wait_until

pytestmark = [needs_postgresql, needs_redis]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with compose_place() as place:
        yield place


@pytest.fixture(scope="module")
def web_ports(place: Place) -> list[int]:
    """Everything started in the order that the file asks for."""
    place.run("prepare")
    ports = [free_port(), free_port()]
    for port in ports:
        place.start("web", port=port)
    for _ in range(2):
        place.start("worker")
    place.start("beat")
    for name in ("cluster-one", "cluster-two"):
        place.start(name, port=free_port())
    return ports


def readyz(port: int) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as answer:
        return dict(json.load(answer))
    except OSError:
        return {"ready": False}


def test_all_are_healthy_and_ready(place: Place, web_ports: list[int]) -> None:
    for port in web_ports:
        wait_until(lambda: place.is_healthy("web", port=port), within_seconds=120, what="web")  # noqa: B023
        wait_until(lambda: readyz(port)["ready"], within_seconds=120, what="readyz")  # noqa: B023

    wait_until(lambda: place.is_healthy("worker"), within_seconds=30, what="worker")
    assert place.is_healthy("beat")


def test_the_registered_clusters_become_live(place: Place, web_ports: list[int]) -> None:
    wait_until(lambda: all(place.log(f"cluster-{n}") for n in ("one", "two")), within_seconds=120)
    place.run("register")

    def lines() -> list[tuple[str, bool]]:
        with psycopg.connect(place.database_url) as connection:
            return connection.execute(
                "SELECT connection, is_demo FROM clusters_clusterstate JOIN clusters_cluster"
                " ON clusters_cluster.id = cluster_id"
            ).fetchall()

    wait_until(lambda: lines() == [("live", False)] * 2, within_seconds=120, what="both live")


def test_who_signs_in_at_one_web_process_is_known_at_the_other(place: Place, web_ports: list[int]) -> None:
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    one, two = (f"http://127.0.0.1:{port}" for port in web_ports)
    wait_until(lambda: place.is_healthy("web", port=web_ports[1]), within_seconds=120)
    browser.open(f"{one}/sign-in/", timeout=10).read()
    token = next(cookie.value for cookie in jar if cookie.name == "topmast_csrf")
    form = {"username": "admin", "password": ADMIN_PASSWORD, "csrfmiddlewaretoken": token}
    browser.open(f"{one}/sign-in/?next=/admin/", urllib.parse.urlencode(form).encode(), timeout=10)

    with browser.open(f"{two}/admin/", timeout=10) as answer:
        assert answer.url == f"{two}/admin/"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_only_the_public_half_of_the_key_is_in_the_folder_of_web(place: Place, web_ports: list[int]) -> None:
    def files(volume: str) -> list[str]:
        return sorted(path.name for path in (place.directory / "volumes" / volume).iterdir())

    assert files("public-key") == ["cluster.key.pub"]
    assert files("keys") == ["cluster.key", "cluster.key.pub"]


def test_another_host_name_is_refused_except_by_the_health_check(place: Place, web_ports: list[int]) -> None:
    def status(path: str) -> int:
        request = urllib.request.Request(
            f"http://127.0.0.1:{web_ports[0]}{path}", headers={"Host": "evil.example"}
        )
        try:
            return int(urllib.request.urlopen(request, timeout=10).status)
        except urllib.error.HTTPError as answer:
            return answer.code

    wait_until(lambda: place.is_healthy("web", port=web_ports[0]), within_seconds=120)
    assert status("/healthz") == 200
    assert status("/sign-in/") == 400


def test_a_missing_part_is_named_by_readyz(place: Place, web_ports: list[int]) -> None:
    wait_until(lambda: readyz(web_ports[0])["ready"], within_seconds=120)
    beat = next(process for process in place.running if "beat" in process.args)  # type: ignore[operator]
    beat.terminate()
    beat.wait(timeout=10)

    wait_until(
        lambda: "beat" in readyz(web_ports[0]).get("missing", ()), within_seconds=45, what="beat missing"
    )
