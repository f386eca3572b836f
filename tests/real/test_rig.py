"""The rig itself: what the other tests of this folder rely on."""

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.real.rig import audit, programs, tools, workloads
from tests.real.rig.cluster import Cluster
from tests.real.rig.processes import Process, wait_until
from tests.real.rig.reader import create_reader

READER = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: rig-reader, namespace: default}
---
apiVersion: v1
kind: Secret
metadata:
  name: rig-reader
  namespace: default
  annotations: {kubernetes.io/service-account.name: rig-reader}
type: kubernetes.io/service-account-token
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: rig-reader}
rules:
- {apiGroups: [""], resources: [pods], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: rig-reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: rig-reader}
subjects:
- {kind: ServiceAccount, name: rig-reader, namespace: default}
"""


def test_the_server_says_the_pinned_version(cluster: Cluster) -> None:
    said = cluster.as_admin().get("/version").json()

    assert said["gitVersion"] == tools.kubernetes_version()
    assert f"v{said['major']}.{said['minor']}." in said["gitVersion"]


def test_nodes_are_ready_with_the_room_their_manifest_gives_them(cluster: Cluster) -> None:
    nodes = cluster.items("nodes")

    assert len(nodes) == workloads.SMALL.nodes
    for node in nodes:
        assert {c["type"]: c["status"] for c in node["status"]["conditions"]}["Ready"] == "True"
        assert node["status"]["allocatable"] == workloads.node("any")["status"]["allocatable"]


def test_every_plot_is_played(cluster: Cluster) -> None:
    expected = {"CrashLoopBackOff", "ImagePullBackOff", "Completed", "containerFailed", "Pending", "Running"}
    seen: set[str] = set()

    def has_seen_all() -> bool:
        printed = cluster.kubectl("get", "pods", "--all-namespaces", "--no-headers")
        seen.update(line.split()[3] for line in printed.splitlines())
        return expected <= seen

    assert wait_until(has_seen_all, seconds=120, look_again_seconds=1), expected - seen


def test_crashing_pods_count_their_restarts_and_keep_why_the_last_one_ended(cluster: Cluster) -> None:
    def ended() -> list[dict[str, object]]:
        pods = cluster.items("pods", "--selector=app=greedy")
        statuses = [status for pod in pods for status in pod["status"].get("containerStatuses", [])]
        return [status["lastState"]["terminated"] for status in statuses if status["restartCount"] > 1]

    assert wait_until(lambda: bool(ended()), seconds=90, look_again_seconds=1)
    assert [(last["reason"], last["exitCode"]) for last in ended()] == [("OOMKilled", 137)]


def test_metrics_server_answers_with_the_usage_of_the_annotations(cluster: Cluster) -> None:
    cluster.wait_for_usage()

    def usage_of_stores() -> list[dict[str, str]]:
        answer = cluster.as_admin().get("/apis/metrics.k8s.io/v1beta1/namespaces/data/pods").json()
        of_stores = [pod for pod in answer["items"] if pod["metadata"]["name"].startswith("store-")]
        return [pod["containers"][0]["usage"] for pod in of_stores]

    def is_as_annotated(usage: dict[str, str]) -> bool:
        nanocores = int(re.fullmatch(r"(\d+)n", usage["cpu"])[1])  # type: ignore[index]
        return usage["memory"] == "64Mi" and 40e6 < nanocores < 60e6

    # The cores are those between two readings: while the machine is busy, one may come late.
    assert wait_until(
        lambda: [is_as_annotated(usage) for usage in usage_of_stores()] == [True] * 3,
        seconds=90,
        look_again_seconds=1,
    ), usage_of_stores()


def test_the_audit_log_shows_what_a_reader_asked_and_what_was_refused(cluster: Cluster) -> None:
    reader = create_reader(cluster, READER)
    mark = cluster.audit_size_bytes()
    client = cluster.as_bearer(reader.token)

    assert client.get("/api/v1/pods?limit=1").status == 200
    assert client.get("/apis/apps/v1/deployments").status == 403

    assert cluster.rules_used(user=reader.user, from_byte=mark) == {
        audit.Asked(reader.user, "list", "", "pods", "", 200),
        audit.Asked(reader.user, "list", "apps", "deployments", "", 403),
    }
    assert reader.authority_pem == cluster.authority.read_text()


def test_a_stranger_may_not_list_pods(cluster: Cluster) -> None:
    assert cluster.as_stranger().get("/api/v1/pods").status == 403
    assert cluster.as_bearer("wrong").get("/api/v1/pods").status == 401


def test_a_lost_node_is_not_ready_until_it_is_found(cluster: Cluster) -> None:
    cluster.lose_node("node-2")
    try:
        cluster.kubectl("wait", "--for=condition=Ready=False", "node/node-2", "--timeout=60s")
    finally:
        cluster.find_node("node-2")
    cluster.kubectl("wait", "--for=condition=Ready", "node/node-2", "--timeout=60s")


def test_an_evicted_pod_is_replaced(cluster: Cluster) -> None:
    before = {pod["metadata"]["name"] for pod in cluster.items("pods", "--selector=app=web-1")}
    gone = sorted(before)[0]

    assert cluster.evict("shop", gone)

    def is_replaced() -> bool:
        pods = cluster.items("pods", "--selector=app=web-1")
        names = {pod["metadata"]["name"] for pod in pods}
        return gone not in names and len(names) == workloads.SMALL.replicas

    assert wait_until(is_replaced, seconds=60, look_again_seconds=0.5)
    assert not cluster.evict("shop", gone), "it has gone"


def test_a_frozen_server_answers_nobody_until_it_thaws(cluster: Cluster) -> None:
    client = cluster.as_admin()
    cluster.freeze()
    try:
        with pytest.raises(TimeoutError):
            type(client)(client.server, client.authority, client.credential, timeout_seconds=1).get(
                "/version"
            )
    finally:
        cluster.thaw()

    assert client.get("/version").status == 200


def test_watch_versions_from_before_a_restart_are_gone(breakable_cluster: Cluster) -> None:
    cluster = breakable_cluster
    version = cluster.as_admin().get("/api/v1/pods?limit=1").json()["metadata"]["resourceVersion"]
    cluster.stop_api_server()
    with pytest.raises(ConnectionRefusedError):
        cluster.as_admin().get("/version")
    cluster.start_api_server()
    # Anything written after the restart makes the watch cache begin behind the old version.
    cluster.apply([workloads.namespace("later")])

    watch = f"/api/v1/pods?watch=true&timeoutSeconds=2&resourceVersion={int(version) - 1}"
    assert b'"code":410' in cluster.as_admin().get(watch).body


def test_etcd_put_back_forgets_what_came_after_and_goes_on(breakable_cluster: Cluster) -> None:
    cluster = breakable_cluster
    cluster.apply([workloads.namespace("before")])
    cluster.save_etcd("earlier")
    cluster.apply([workloads.namespace("after")])
    version_after = int(cluster.as_admin().get("/api/v1/pods").json()["metadata"]["resourceVersion"])

    cluster.restore_etcd("earlier")

    answer = cluster.as_admin().get("/api/v1/namespaces").json()
    names = {item["metadata"]["name"] for item in answer["items"]}
    assert "before" in names and "after" not in names
    assert int(answer["metadata"]["resourceVersion"]) < version_after, "time ran backwards"
    cluster.kubectl("scale", "--namespace=shop", "deployment/web-0", "--replicas=6")
    cluster.kubectl("rollout", "status", "--namespace=shop", "deployment/web-0", "--timeout=240s")


def test_programs_die_with_the_one_who_started_them(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from tests.real.rig.processes import Process\n"
        f"Process(name='sleeper', folder=Path({str(tmp_path)!r}), dies_with_parent=True)"
        ".start(['sleep', '600'])\n"
        "print('started', flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"started\n"
    seen = Process(name="sleeper", folder=tmp_path, dies_with_parent=False)
    assert seen.is_running()

    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()

    assert wait_until(lambda: not seen.is_running(), seconds=10)


def test_a_program_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    program = Process(name="sleeper", folder=tmp_path, dies_with_parent=True)
    thread = threading.Thread(target=program.start, args=(["sleep", "600"],))
    thread.start()
    thread.join()

    assert not wait_until(lambda: not program.is_running(), seconds=0.5)
    program.kill()


def test_a_program_is_found_again_and_stopped_though_frozen(tmp_path: Path) -> None:
    starter = Process(name="sleeper", folder=tmp_path, dies_with_parent=True)
    starter.start(["sleep", "600"])
    starter.freeze()

    Process(name="sleeper", folder=tmp_path, dies_with_parent=False).stop()

    assert not starter.is_running()


def test_a_process_number_used_again_by_another_program_is_not_ours(tmp_path: Path) -> None:
    starter = Process(name="sleeper", folder=tmp_path, dies_with_parent=True)
    starter.start(["sleep", "600"])
    pid = starter.pid()
    (tmp_path / "sleeper.json").write_text(f'{{"pid": {pid}, "started_ticks": 1}}')

    assert not Process(name="sleeper", folder=tmp_path, dies_with_parent=False).is_running()
    starter.kill()


def test_ports_lie_below_those_of_outgoing_connections() -> None:
    lowest_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    ports = programs.ports_as_json(programs.pick_ports())

    assert len(set(ports.values())) == len(ports)
    assert max(ports.values()) < max(lowest_outgoing, 32_768)


def test_missing_programs_are_said_with_the_command_that_builds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with pytest.raises(tools.ToolsMissing, match=r"python -m tests\.real\.rig build"):
        tools.find()


def test_a_half_written_line_of_the_audit_log_waits_for_its_end(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    line = '{"user":{"username":"u"},"verb":"get","requestURI":"/readyz?x","responseStatus":{"code":200}}'
    log.write_text(f"{line}\n{line[:40]}")

    assert list(audit.read(log)) == [audit.Asked("u", "get", "", "", "/readyz", 200)]
    assert not list(audit.read(log, from_byte=len(line) + 1))
