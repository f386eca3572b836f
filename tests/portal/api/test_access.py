"""May a stranger? Alice, Bob and Charlie over every operation that the schema knows, and one it will know."""

import json
from uuid import uuid4

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from clusters.access.models import ApiToken
from clusters.access.tokens import make_token
from metrics.alerts.models import Silence
from tests.builders import a_cluster, a_pod_row, a_team, a_user, an_admin, an_alert, granted

pytestmark = pytest.mark.django_db
NOW_MS = 1_800_000_000_000
METHODS = ("get", "head", "options", "post", "put", "patch", "delete")


def operations() -> list[str]:
    """Every path of the API, from its schema."""
    return sorted(SchemaGenerator().get_schema(request=None, public=True)["paths"])


PATHS = operations()
OF_A_CLUSTER = [path for path in PATHS if "{slug}" in path]
OF_ONE = [path for path in PATHS if "{" in path]
"""Of one cluster, or of one thing in it."""
ACTS = ("take", "release", "assign", "notes", "resolve")
INBOUND = "/api/v1/inbound/alertmanager/"
"""Where only programs write, each by a token of its own."""
WRITERS = {
    INBOUND: ("post",),
    "/api/v1/silences/": ("post",),
    "/api/v1/silences/{uuid}/": ("delete",),
    **{f"/api/v1/alerts/{{uuid}}/{act}/": ("post",) for act in ACTS},
}
"""What changes something, by which methods."""
ONLY_WRITTEN = [path for path in WRITERS if path.startswith(("/api/v1/alerts/", INBOUND))]
READABLE = [path for path in PATHS if path not in ONLY_WRITTEN]
OPEN_TO_ALL = ("/api/v1/rules/",)
"""The same for everybody, but for what it counts."""
REQUIRED = {"/api/v1/clusters/{slug}/journal/": "?since=1.1"}


@pytest.fixture
def address():
    """Fills a path in with a pod of the cluster prod."""
    prod = a_cluster("prod")
    pod = a_pod_row(prod, "secret-project-1")
    alert = an_alert(prod, name="secret-project-1")
    silence = Silence.objects.create(
        matchers=[{"name": "cluster", "op": "=", "value": "prod"}], reason="secret", created_at_ms=1,
        starts_at_ms=1, ends_at_ms=2,
    )  # fmt: skip

    def fill(path: str, slug: str = "prod") -> str:
        of = silence if "silences" in path else alert
        uuid = of.uuid if slug == "prod" else uuid4()
        return path.format(slug=slug, kind="Pod", uid=pod.uid, uuid=uuid) + REQUIRED.get(path, "")

    return fill


@pytest.fixture
def alice():
    """An administrator."""
    return signed_in(an_admin("alice"))


@pytest.fixture
def bob(address):
    """A member of a team that sees prod."""
    bob = a_user("bob")
    granted(a_team(bob), "*")
    return signed_in(bob)


@pytest.fixture
def charlie():
    """Somebody who sees nothing."""
    charlie = a_user("charlie")
    granted(a_team(charlie), "env=none")
    return signed_in(charlie)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_schema_knows_every_operation() -> None:
    assert set(PATHS) >= {
        "/api/v1/fleet/", "/api/v1/clusters/", "/api/v1/clusters/{slug}/", "/api/v1/resources/",
        "/api/v1/clusters/{slug}/resources/", "/api/v1/clusters/{slug}/resources/{kind}/{uid}/",
        "/api/v1/clusters/{slug}/journal/",
    }  # fmt: skip


@pytest.mark.parametrize("path", READABLE)
def test_alice_and_bob_get_an_answer(address, alice, bob, path) -> None:
    for client in (alice, bob):
        assert client.get(address(path)).status_code == 200
        assert client.head(address(path)).status_code == 200
        assert client.head(address(path)).content == b""


@pytest.mark.parametrize("path", OF_ONE)
def test_for_charlie_it_is_as_if_there_were_no_such_thing(address, charlie, path) -> None:
    ask = charlie.post if path in ONLY_WRITTEN else charlie.get
    theirs, none = ask(address(path)), ask(address(path, slug="no-such"))

    assert theirs.status_code == none.status_code == 404
    assert theirs.content == none.content
    assert theirs.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", [path for path in READABLE if path not in OF_ONE])
def test_no_list_tells_charlie_a_name_or_a_number(address, charlie, path) -> None:
    answer = charlie.get(address(path))

    assert answer.status_code == 200
    if path in OPEN_TO_ALL:
        assert not any(one["firing"] for one in answer.json()["results"])
        return
    assert b"prod" not in answer.content and b"secret" not in answer.content
    if answer.headers["Content-Type"] == "application/json" and "count" in answer.json():
        assert answer.json()["count"] == 0


@pytest.mark.parametrize("path", [*PATHS, "/api/v1/nothing/", "/api/", "/api/v2/x"])
@pytest.mark.parametrize("method", METHODS)
def test_without_signing_in_there_is_nothing_but_a_401(client, address, path, method) -> None:
    answer = getattr(client, method)(address(path))

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="topmast"'
    assert b"secret-project" not in answer.content


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written_but_what_is_for_that(address, alice, path, method) -> None:
    answer = getattr(alice, method)(address(path), data="{}", content_type="application/json")

    if method in WRITERS.get(path, ()):
        assert answer.status_code in ((403,) if path == INBOUND else (200, 400))
        return
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    if path not in WRITERS:
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", WRITERS)
def test_a_token_to_read_writes_nothing_anywhere(client, address, path) -> None:
    headers = {"authorization": f"Bearer {a_token(an_admin())}"}
    for method in WRITERS[path]:
        ask = getattr(client, method)
        answer = ask(address(path), data="{}", content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope")


def test_an_address_that_is_none_is_a_problem_too(alice) -> None:
    answer = alice.get("/api/v1/nothing/")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"


def a_token(user, **facts) -> str:
    import time

    return make_token(user, name="", scopes=("read",), days=1, now_ms=time.time_ns() // 1_000_000, **facts)


@pytest.mark.parametrize("path", READABLE)
def test_a_token_does_what_its_user_may(client, address, path) -> None:
    bob = a_user("bob")
    headers = {"authorization": f"Bearer {a_token(bob)}"}
    stranger = client.get(address(path), headers=headers)
    granted(a_team(bob), "*")

    assert stranger.status_code == (404 if path in OF_ONE else 200)
    assert client.get(address(path), headers=headers).status_code == 200


def test_a_token_without_a_scope_for_it_is_refused(client, address) -> None:
    token = a_token(an_admin())
    ApiToken.objects.update(scopes=[])

    answer = client.get("/api/v1/fleet/", headers={"authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


def test_a_token_writes_nothing(client, address) -> None:
    answer = client.post("/api/v1/fleet/", headers={"authorization": f"Bearer {a_token(an_admin())}"})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer x", "Bearer \xff\xfe", "Bearer tm_" + "a" * 100_000, "Token {}",
     "bearer  {} x", "Basic YWxpY2U6eA=="],
)  # fmt: skip
def test_what_is_no_working_token_ends_in_a_401_also_beside_a_session(client, address, header) -> None:
    token = a_token(an_admin())

    answer = client.get("/api/v1/fleet/", headers={"authorization": header.replace("{}", token)})

    assert answer.status_code == 401
    assert token not in answer.content.decode()


def test_a_broken_token_beside_a_good_session_does_not_fall_back_to_the_session(alice) -> None:
    assert alice.get("/api/v1/fleet/", headers={"authorization": "Bearer tm_wrong"}).status_code == 401


def test_a_token_in_the_address_line_is_worth_nothing(client, address) -> None:
    token = a_token(an_admin())

    for name in ("token", "access_token", "api_key", "authorization"):
        assert client.get(f"/api/v1/fleet/?{name}={token}").status_code == 401


def test_a_revoked_token_and_a_lost_grant_take_effect_at_once(client, address) -> None:
    bob = a_user("bob")
    grant = granted(a_team(bob), "*")
    headers = {"authorization": f"Bearer {a_token(bob)}"}
    assert client.get(address("/api/v1/clusters/{slug}/"), headers=headers).status_code == 200

    grant.delete()
    assert client.get(address("/api/v1/clusters/{slug}/"), headers=headers).status_code == 404
    ApiToken.objects.update(revoked_at_ms=1)
    assert client.get("/api/v1/fleet/", headers=headers).status_code == 401


@pytest.mark.parametrize("path", READABLE)
def test_no_answer_holds_a_credential(alice, path, address) -> None:
    from clusters.models import Cluster, Credential

    cluster = Cluster.objects.get()
    cluster.proxy_url = "https://user:canary-proxy@proxy.example"
    cluster.save()
    Credential.objects.create(
        cluster=cluster, kind="token", sealed=b"canary-sealed", key_id="k", fingerprint="canary-print",
        changed_at_ms=1,
    )  # fmt: skip

    assert b"canary" not in alice.get(address(path)).content


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png"])
def test_any_other_form_than_json_is_refused_with_a_problem(alice, accept) -> None:
    answer = alice.get("/api/v1/fleet/", headers={"accept": accept})

    assert answer.status_code == 406
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_deep_or_huge_body_changes_nothing_and_is_refused(alice) -> None:
    for body in ("[" * 100_000, "x" * 3_000_000):
        answer = alice.post("/api/v1/fleet/", data=body, content_type="application/json")
        assert answer.status_code in (405, 413)
    assert (
        alice.get("/api/v1/fleet/?" + "&".join(f"a{number}=1" for number in range(5_000))).status_code == 400
    )


def test_the_documentation_is_for_those_who_are_signed_in_and_loads_nothing_from_elsewhere(
    client, alice
) -> None:
    assert client.get("/api/v1/docs/").status_code == 302
    assert client.get("/api/v1/schema/").status_code == 401

    page = alice.get("/api/v1/docs/").content.decode()
    assert "http" not in page.replace("http-equiv", "")
    assert "<style" not in page and "onload" not in page


def test_the_schema_is_json_that_names_both_ways_to_sign_in(alice) -> None:
    schema = json.loads(alice.get("/api/v1/schema/", headers={"accept": "application/json"}).content)

    assert schema["openapi"].startswith("3.")
    assert set(schema["components"]["securitySchemes"]) == {"token", "cookieAuth"}
