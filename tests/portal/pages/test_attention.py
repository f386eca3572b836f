"""The whole list of what needs attention, and the counts that lead to it."""

from collections.abc import Iterator

import pytest
from django.test import Client

from clusters.models import Cluster
from clusters.state.summary import CAUSES_SHOWN, Cause, HealthCounts, Summary
from tests.builders import a_cluster, a_user, an_admin
from tests.portal.pages.crawling import rest_count, total_of

pytestmark = pytest.mark.django_db


def causes(number: int, health: str = "critical") -> Iterator[Cause]:
    for index in range(number):
        yield Cause(
            health=health, reason="CrashLoopBackOff", kind="Deployment", namespace="shop",
            name=f"web-{index:03}", counted_kind="Pod", count=1, message="", since_ms=1_000 + index,
        )  # fmt: skip


def a_sick_cluster(name: str, *, listed: int, total: int) -> Cluster:
    summary = Summary(causes=list(causes(listed)), causes_total=total, pods=HealthCounts(critical=total))
    return a_cluster(name, state={"health": "critical", "summary": summary})


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(an_admin())
    return client


def test_every_cause_of_the_fleet_is_listed_a_page_at_a_time(admin: Client) -> None:
    for number in range(6):
        a_sick_cluster(f"prod-{number}", listed=20, total=20)

    first = admin.get("/attention/").content.decode()
    second = admin.get("/attention/?page=2").content.decode()

    assert total_of(first) == total_of(second) == "120"
    assert rest_count(admin, "/attention/") == 120
    assert first.count("<li data-health=") == 100
    assert second.count("<li data-health=") == 20
    assert "/attention/?page=2" in first
    assert "/attention/?page=3" not in second


def test_the_fleet_page_counts_all_causes_and_leads_to_their_list(admin: Client) -> None:
    a_sick_cluster("prod-1", listed=12, total=12)
    a_sick_cluster("prod-2", listed=12, total=12)

    html = admin.get("/").content.decode()

    assert '20 of <a href="/attention/" data-count="causes">24</a>' in html


def test_causes_of_a_cluster_that_are_counted_but_not_kept_are_not_passed_over(admin: Client) -> None:
    a_sick_cluster("prod-1", listed=CAUSES_SHOWN, total=63)

    html = admin.get("/attention/?cluster=prod-1").content.decode()

    assert total_of(html) == "63"
    assert rest_count(admin, "/attention/?cluster=prod-1") == 63
    assert f"{CAUSES_SHOWN} of 63 shown" in html
    assert f"{63 - CAUSES_SHOWN} lesser causes are counted, but not kept." in html
    assert total_of(admin.get("/attention/").content.decode()) == "63"
    assert rest_count(admin, "/attention/") == 63


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "9" * 400, "999999"])
def test_a_page_number_that_makes_no_sense_is_no_fault(admin: Client, page: str) -> None:
    a_sick_cluster("prod-1", listed=2, total=2)

    assert admin.get("/attention/", {"page": page}).status_code == 200


def test_nothing_wrong_is_said_to_be_so(admin: Client) -> None:
    a_cluster("prod-1")

    assert "Nothing that can be read needs attention." in admin.get("/attention/").content.decode()


def test_a_stranger_learns_of_no_cause(client: Client) -> None:
    a_sick_cluster("prod-1", listed=2, total=2)
    client.force_login(a_user())

    assert total_of(client.get("/attention/").content.decode()) == "0"
    assert client.get("/attention/?cluster=prod-1").status_code == 404
    assert Client().get("/attention/").status_code == 302


def test_the_count_beside_an_environment_leads_to_its_clusters(admin: Client) -> None:
    for name, labels in {"a": {"env": "prod"}, "b": {"env": "prod"}, "c": {}, "d": {"env": "x y"}}.items():
        a_cluster(name, labels=labels)

    html = admin.get("/").content.decode()
    production = admin.get("/clusters/?selector=env%3Dprod").content.decode()
    without = admin.get("/clusters/?selector=%21env").content.decode()

    assert '<a href="/clusters/?selector=env%3Dprod" data-count="clusters">2</a>' in html
    assert (total_of(production), total_of(without)) == ("2", "1")
    assert "x+y" not in html, "a label that no selector can name leads nowhere"


def test_a_selector_that_cannot_be_read_is_said_and_left_out(admin: Client) -> None:
    a_cluster("prod-1")

    answer = admin.get("/clusters/", {"selector": "env in (", "q": "prod"})

    html = answer.content.decode()
    assert answer.status_code == 200
    assert total_of(html) == "1"
    assert 'class="banner failed"' in html
