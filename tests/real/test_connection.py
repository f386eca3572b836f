"""What the bounded connection says of a real API server, well and unwell."""

import dataclasses
import json
from ipaddress import ip_network

import pytest

from clusters.connection.errors import ClusterError, ExpiredVersion, Reason
from clusters.connection.http import Answer, Connection, raise_for_status
from clusters.connection.settings import ConnectionSettings
from tests.real.rig import workloads
from tests.real.rig.cluster import Cluster

LOOPBACK = (ip_network("127.0.0.0/8"),)


def admin_settings(cluster: Cluster) -> ConnectionSettings:
    """How the administrator of a cluster reaches it."""
    keys = cluster.layout.certificates
    return ConnectionSettings(
        server=cluster.server,
        ca_pem=cluster.authority.read_text(),
        client_certificate_pem=(keys / "admin.crt").read_text(),
        client_key_pem=(keys / "admin.key").read_text(),
        allowed_ranges=LOOPBACK,
    )


async def ask(settings: ConnectionSettings, target: str = "/version", **limits: float) -> Answer:
    """One request over a connection of its own; what is wrong is raised."""
    connection = Connection(settings)
    try:
        answer = await connection.get(target, **limits)  # type: ignore[arg-type]
        raise_for_status(answer)
        return answer
    finally:
        await connection.close()


async def reason_of(settings: ConnectionSettings, target: str = "/version", **limits: float) -> Reason:
    """Why a request fails."""
    with pytest.raises(ClusterError) as caught:
        await ask(settings, target, **limits)
    return caught.value.reason


async def test_a_list_is_read_with_a_client_certificate(cluster: Cluster) -> None:
    answer = await ask(admin_settings(cluster), "/api/v1/pods?limit=500")

    items = json.loads(answer.body)["items"]
    assert {item["metadata"]["uid"] for item in items} >= {
        item["metadata"]["uid"] for item in cluster.items("pods", "--selector=app=web-0")
    }


async def test_each_refusal_of_a_real_server_has_its_reason(cluster: Cluster) -> None:
    settings = admin_settings(cluster)
    nobody = dataclasses.replace(settings, client_certificate_pem=None, client_key_pem=None)

    assert await reason_of(nobody, "/api/v1/pods") is Reason.FORBIDDEN_403
    assert await reason_of(dataclasses.replace(nobody, token="wrong"), "/api/v1/pods") is Reason.AUTH_401
    assert await reason_of(dataclasses.replace(settings, ca_pem=None)) is Reason.TLS_UNTRUSTED
    assert await reason_of(dataclasses.replace(settings, allowed_ranges=())) is Reason.BLOCKED_ADDRESS
    assert await reason_of(settings, "/api/v1/pods", limit_bytes=1000) is Reason.TOO_LARGE


async def test_another_authority_is_not_trusted(cluster: Cluster, second_cluster: Cluster) -> None:
    settings = dataclasses.replace(admin_settings(cluster), ca_pem=second_cluster.authority.read_text())

    assert await reason_of(settings) is Reason.TLS_UNTRUSTED


async def test_what_is_not_kubernetes_is_told_apart(cluster: Cluster) -> None:
    kubelet = f"https://127.0.0.1:{cluster.layout.ports.kwok}"

    settings = dataclasses.replace(admin_settings(cluster), server=kubelet)

    assert await reason_of(settings) is Reason.NOT_KUBERNETES


async def test_a_stopped_server_refuses_and_a_frozen_one_is_too_slow(breakable_cluster: Cluster) -> None:
    settings = admin_settings(breakable_cluster)
    breakable_cluster.freeze()
    assert await reason_of(settings, deadline_seconds=1.5) is Reason.TIMEOUT
    breakable_cluster.stop_api_server()
    assert await reason_of(settings) is Reason.REFUSED


async def test_a_watch_from_a_forgotten_version_ends_with_410(breakable_cluster: Cluster) -> None:
    settings = admin_settings(breakable_cluster)
    version = json.loads((await ask(settings, "/api/v1/pods?limit=1")).body)["metadata"]["resourceVersion"]
    breakable_cluster.stop_api_server()
    breakable_cluster.start_api_server()
    breakable_cluster.apply([workloads.namespace("later")])

    connection = Connection(settings)
    received: list[bytes] = []
    watch = f"/api/v1/pods?watch=true&timeoutSeconds=2&resourceVersion={int(version) - 1}"
    stream = await connection.open_stream(watch, received.append)
    await stream.ended()
    await connection.close()

    event = json.loads(b"".join(received))
    assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
    with pytest.raises(ExpiredVersion):
        raise_for_status(Answer(410, {}, json.dumps(event["object"]).encode()))
