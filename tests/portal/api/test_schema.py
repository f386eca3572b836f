"""What the API answers is what its schema says, also to requests that make no sense."""

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from clusters.access.tokens import SCOPES, make_token
from clusters.state.summary import Cause, Cpu, HealthCounts, KindState, Memory, Summary
from tests.builders import (
    a_cluster,
    a_destination,
    a_message,
    a_node_row,
    a_pod_row,
    a_row,
    an_admin,
    an_alert,
    an_object,
)

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip
SUMMARY = Summary(
    version="v1.36.3",
    nodes=HealthCounts(critical=1, healthy=2),
    pods=HealthCounts(healthy=5),
    cpu=Cpu(1.5, 2.0, None),
    memory=Memory(1, None, 3),
    usage_state=KindState("live"),
    usage_at_ms=5_500,
    causes=[Cause("critical", "NotReady", "Node", "", "n-1", "Node", 1, None, "gone")],
    causes_total=1,
    kinds={"Pod": KindState("refused", "forbidden_403", 7)},
)


@pytest.fixture
def open_connection():
    """The test's own transaction outlives each request, as it does with Django's test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def api(open_connection):
    """The schema, as the API itself serves it, beside clusters in different states."""
    import time

    one = a_cluster("one", labels={"env": "prod"}, state={"health": "critical", "summary": SUMMARY})
    a_cluster(
        "lost", state={"health": "no_data", "connection": "unreachable", "connection_reason": "refused"}
    )
    a_cluster("new", state={"connection": "never_reached", "last_read_at_ms": None, "taken_at_ms": None})
    a_node_row(one), a_row(one, an_object("Deployment", "web")), a_row(one, an_object("Event", since_ms=None))
    for _ in range(3):
        a_pod_row(one, health="critical", since_ms=None, created_ms=None, cpu_cores=None)
    alert = an_alert(one, params={"name": "web-1"})
    a_message(alert.group, a_destination())
    token = make_token(an_admin(), name="", scopes=SCOPES, days=1, now_ms=time.time_ns() // 1_000_000)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", WSGIHandler(), headers=headers)
    schema.test_headers = headers
    return schema


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_keeps_to_the_schema(api, mode) -> None:
    operations = [found.ok() for found in api.get_all_operations()]
    assert len(operations) >= 8

    for operation in operations:
        _try(operation, mode, api.test_headers)


def _try(operation, mode, headers) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def keeps_to_it(case) -> None:
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)

    try:
        keeps_to_it()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "a path without parameters cannot be asked wrongly"


@pytest.mark.parametrize(
    "path",
    ["/api/v1/", "/api/v1/fleet/", "/api/v1/clusters/", "/api/v1/clusters/one/", "/api/v1/clusters/new/",
     "/api/v1/clusters/one/resources/", "/api/v1/resources/?page_size=2",
     "/api/v1/clusters/one/journal/?since=1.1", "/api/v1/alerts/", "/api/v1/rules/", "/api/v1/silences/",
     "/api/v1/destinations/"],
)  # fmt: skip
def test_a_good_answer_has_the_fields_of_the_schema_and_no_others(client, api, path) -> None:
    client.force_login(an_admin("alice"))
    answer = client.get(path)
    assert answer.status_code == 200
    raw = client.get("/api/v1/schema/", headers={"accept": "application/json"}).json()
    template = path.partition("?")[0].replace("/one/", "/{slug}/").replace("/new/", "/{slug}/")
    reference = raw["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    shape = raw["components"]["schemas"][reference["$ref"].rpartition("/")[2]]

    assert set(answer.json()) == set(shape["properties"])
    assert set(shape["required"]) == set(shape["properties"])
