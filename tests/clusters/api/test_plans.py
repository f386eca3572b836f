"""No list walks through the table: each query on resources has its index."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.builders import a_cluster, a_pod_row, an_admin

pytestmark = pytest.mark.django_db

ADDRESSES = [
    "resources/?kind=Pod&page_size=1000",
    "resources/?kind=Pod&health=critical",
    "resources/?health=critical,degraded",
    "resources/?kind=Pod&node=n-1",
    "resources/?kind=Workload&cluster=one,two",
    "clusters/one/resources/?kind=Pod&namespace=shop",
    "clusters/one/resources/?kind=Pod&node=n-1",
    "clusters/one/resources/?kind=Pod&health=critical",
    "clusters/one/resources/",
]


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="SQLite tells its plan without having gathered figures"
)
@pytest.mark.parametrize("address", ADDRESSES)
def test_each_query_of_a_list_is_answered_by_an_index(client, address) -> None:
    for name in ("one", "two"):
        cluster = a_cluster(name)
        for _ in range(3):
            a_pod_row(cluster)
    client.force_login(an_admin("alice"))

    for plan in plans_of(client, f"/api/v1/{address}"):
        assert "SCAN clusters_resource" not in plan


@pytest.mark.skipif(
    connection.vendor != "sqlite", reason="SQLite tells its plan without having gathered figures"
)
def test_a_page_in_the_middle_of_many_pods_is_not_sorted(client) -> None:
    cluster = a_cluster("one")
    for _ in range(3):
        a_pod_row(cluster)
    client.force_login(an_admin("alice"))
    middle = client.get("/api/v1/clusters/one/resources/?kind=Pod&page_size=1").json()["next"]

    for plan in plans_of(client, middle):
        assert "TEMP B-TREE" not in plan and "resource_by_name" in plan


def plans_of(client, address: str) -> list[str]:
    """How SQLite would answer each query on resources that this address makes."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    asked = [query["sql"] for query in captured if 'FROM "clusters_resource"' in query["sql"]]
    assert asked, "the address asks for resources"
    with connection.cursor() as cursor:
        return [_plan(cursor, sql) for sql in asked]


def _plan(cursor, sql: str) -> str:
    cursor.execute(f"EXPLAIN QUERY PLAN {sql.replace('%', '%%')}")
    return "\n".join(row[-1] for row in cursor.fetchall())
