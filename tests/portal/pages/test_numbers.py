"""Every number of every page equals the list it leads to, and REST's count of the same."""

from collections.abc import Iterator

import pytest
from django.test import Client

from clusters.models import Cluster
from tests import builders
from tests.portal.pages.crawling import list_total, numbers_on, pages_of, rest_count, total_of
from tests.simulated import SimulatedFleet, simulated
from tests.stored import store_clusters

SCENARIOS = ("calm", "node-lost", "crash-loop", "forbidden-kind", "filling-up")


@pytest.fixture(scope="module")
def fleet() -> Iterator[SimulatedFleet]:
    with simulated(*SCENARIOS, frozen=300) as fleet:
        yield fleet


@pytest.fixture
def down(fleet: SimulatedFleet, transactional_db: None) -> str:
    """The fleet in the database, one cluster of it down; the name of that one."""
    down = next(one.name for one in fleet.clusters.values() if one.scenario == "filling-up")
    store_clusters(fleet.clusters, down=down)
    return down


def assert_all_numbers_agree(client: Client) -> int:
    pages = pages_of(client, "/")
    numbers = {n for page, html in pages.items() for n in numbers_on(page, html)}
    counted = {
        href: (total_of(pages[href]) if href in pages else list_total(client, href), rest_count(client, href))
        for href in {number.href for number in numbers}
    }
    wrong, checked = [], len(numbers)
    for number in numbers:
        total, count = counted[number.href]
        if not (number.text.replace(",", "") == total == str(count)):
            wrong.append(f"{number.page}: {number.text} at {number.href}: list {total}, REST {count}")
    assert not wrong, "\n".join(wrong)
    assert any(number.href.startswith("/attention/") for number in numbers), "causes are counted too"
    return checked


def test_an_administrator_finds_every_number_list_and_rest_count_equal(down: str) -> None:
    client = Client()
    client.force_login(builders.an_admin())

    assert assert_all_numbers_agree(client) > 100


def test_a_team_member_finds_them_equal_for_what_the_team_may_see(down: str) -> None:
    bob = builders.a_user()
    team = builders.a_team(bob)
    for cluster in Cluster.objects.order_by("name")[:2]:
        builders.granted(team, cluster)
    builders.granted(team, Cluster.objects.get(name=down))
    client = Client()
    client.force_login(bob)

    assert assert_all_numbers_agree(client) > 50


def test_totals_leave_out_what_cannot_be_read_and_say_so(down: str) -> None:
    client = Client()
    client.force_login(builders.an_admin())

    html = client.get("/").content.decode()

    assert f"{len(SCENARIOS) - 1} of {len(SCENARIOS)} read" in html
    assert "connection refused" in html


def test_a_cluster_that_is_down_keeps_its_last_picture_dimmed(down: str) -> None:
    client = Client()
    client.force_login(builders.an_admin())
    slug = Cluster.objects.get(name=down).slug

    html = client.get(f"/clusters/{slug}/").content.decode()

    assert 'data-dimmed="true"' in html
    assert "This is the last picture" in html
    assert "API server unreachable: connection refused." in html


def test_a_kind_that_may_not_be_read_is_not_shown_as_none(down: str, fleet: SimulatedFleet) -> None:
    client = Client()
    client.force_login(builders.an_admin())
    name = next(one.name for one in fleet.clusters.values() if one.scenario == "forbidden-kind")

    html = client.get(f"/clusters/{Cluster.objects.get(name=name).slug}/").content.decode()

    assert "No permission" in html
    assert "Nothing is wrong." not in html, "what cannot be read may be wrong"


def test_a_stranger_finds_nothing(down: str) -> None:
    client = Client()
    client.force_login(builders.a_user())
    slug = Cluster.objects.get(name=down).slug

    assert "No clusters yet" in client.get("/").content.decode()
    for page in (f"/clusters/{slug}/", f"/clusters/{slug}/pods/", f"/clusters/{slug}/Pod/any/"):
        assert client.get(page).status_code == 404


def test_nobody_is_sent_to_sign_in() -> None:
    answer = Client().get("/clusters/")

    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/clusters/"
