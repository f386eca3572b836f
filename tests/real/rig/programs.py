"""The command line of each program of a control plane."""

import random
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.real.rig.certificates import Account

SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"
HOST = "127.0.0.1"

# File name of the certificate → who it is. The audit log tells these apart.
ACCOUNTS = {
    "admin": Account("admin", ("system:masters",)),
    "controllers": Account("system:kube-controller-manager"),
    "scheduler": Account("system:kube-scheduler"),
    "kwok": Account("kwok", ("system:masters",)),
    "metrics-server": Account("metrics-server", ("system:masters",)),
    "kubelet-client": Account("kube-apiserver-kubelet-client", ("system:masters",)),
}

# Below Linux' range for outgoing connections (from 32768): a port of ours stays free while its server is
# down, as in the tests that stop an API server and start it again.
_FIRST_PORT, _LAST_PORT = 18_000, 32_000

_AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: [system:kube-controller-manager, system:kube-scheduler, system:apiserver, kwok, metrics-server]
- level: None
  userGroups: [system:serviceaccounts:kube-system]
- level: Metadata
"""


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one cluster; they stay the same over restarts."""

    api_server: int
    etcd: int
    etcd_peer: int
    controllers: int
    scheduler: int
    kwok: int
    metrics_server: int


def pick_ports() -> Ports:
    """Seven ports that are free now."""
    held: list[socket.socket] = []
    try:
        while len(held) < len(Ports.__dataclass_fields__):
            candidate = socket.socket()
            try:
                candidate.bind((HOST, random.randint(_FIRST_PORT, _LAST_PORT)))
            except OSError:
                candidate.close()
                continue
            held.append(candidate)
        return Ports(*(each.getsockname()[1] for each in held))
    finally:
        for each in held:
            each.close()


def ports_as_json(ports: Ports) -> dict[str, int]:
    """The ports as they stand in a cluster's state file."""
    return asdict(ports)


@dataclass(frozen=True)
class Layout:
    """Where one cluster's files, ports and programs are."""

    folder: Path
    tools: Path
    ports: Ports

    @property
    def certificates(self) -> Path:
        """Keys and certificates."""
        return self.folder / "certificates"

    @property
    def etcd_data(self) -> Path:
        """What etcd keeps."""
        return self.folder / "etcd"

    @property
    def audit_log(self) -> Path:
        """One JSON document a line: who asked what and what they got."""
        return self.folder / "audit.log"

    @property
    def server(self) -> str:
        """The API server's address."""
        return f"https://{HOST}:{self.ports.api_server}"

    def kubeconfig(self, account: str) -> Path:
        """The kubeconfig of one of ACCOUNTS."""
        return self.folder / f"{account}.kubeconfig"


def write_audit_policy(layout: Layout) -> None:
    """Log what people and service accounts ask, not the control plane's own chatter."""
    (layout.folder / "audit-policy.yaml").write_text(_AUDIT_POLICY)


def etcd(layout: Layout) -> list[str]:
    """etcd without fsync: a test's data may be lost with the machine."""
    client = f"http://{HOST}:{layout.ports.etcd}"
    peer = f"http://{HOST}:{layout.ports.etcd_peer}"
    return [
        str(layout.tools / "etcd"),
        f"--data-dir={layout.etcd_data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def api_server(layout: Layout) -> list[str]:
    """kube-apiserver with TLS, RBAC, aggregation and an audit log."""
    keys = layout.certificates
    return [
        str(layout.tools / "kube-apiserver"),
        f"--etcd-servers=http://{HOST}:{layout.ports.etcd}",
        f"--bind-address={HOST}",
        f"--secure-port={layout.ports.api_server}",
        # It refuses to write a loopback address into the endpoints of its own service.
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC",
        "--anonymous-auth=true",
        f"--client-ca-file={keys / 'ca.crt'}",
        f"--tls-cert-file={keys / 'server.crt'}",
        f"--tls-private-key-file={keys / 'server.key'}",
        f"--kubelet-client-certificate={keys / 'kubelet-client.crt'}",
        f"--kubelet-client-key={keys / 'kubelet-client.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={keys / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={keys / 'service-accounts.key'}",
        f"--requestheader-client-ca-file={keys / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={keys / 'front-proxy.crt'}",
        f"--proxy-client-key-file={keys / 'front-proxy.key'}",
        f"--audit-policy-file={layout.folder / 'audit-policy.yaml'}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=1000",
        "--profiling=false",
    ]


def controllers(layout: Layout) -> list[str]:
    """kube-controller-manager, quick to see that a node is gone."""
    keys = layout.certificates
    kubeconfig = layout.kubeconfig("controllers")
    return [
        str(layout.tools / "kube-controller-manager"),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={HOST}",
        f"--secure-port={layout.ports.controllers}",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--root-ca-file={keys / 'ca.crt'}",
        f"--service-account-private-key-file={keys / 'service-accounts.key'}",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]


def scheduler(layout: Layout) -> list[str]:
    """kube-scheduler."""
    kubeconfig = layout.kubeconfig("scheduler")
    return [
        str(layout.tools / "kube-scheduler"),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={HOST}",
        f"--secure-port={layout.ports.scheduler}",
        "--leader-elect=false",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]


def kwok(layout: Layout) -> list[str]:
    """KWOK's controller: every node and kubelet of the cluster, and their /metrics/resource."""
    return [
        str(layout.tools / "kwok"),
        f"--kubeconfig={layout.kubeconfig('kwok')}",
        # Only those: a node that loses the mark is a node whose kubelet has gone silent.
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--manage-all-nodes=false",
        "--enable-crds=Stage,Metric,ClusterResourceUsage",
        "--cidr=10.0.0.1/16",
        f"--node-ip={HOST}",
        "--node-name=localhost",
        f"--node-port={layout.ports.kwok}",
        f"--server-address={HOST}:{layout.ports.kwok}",
        f"--tls-cert-file={layout.certificates / 'server.crt'}",
        f"--tls-private-key-file={layout.certificates / 'server.key'}",
        "--node-lease-duration-seconds=40",
        "--v=WARN",
    ]


def metrics_server(layout: Layout) -> list[str]:
    """metrics-server, asking KWOK's port of each node."""
    kubeconfig = layout.kubeconfig("metrics-server")
    return [
        str(layout.tools / "metrics-server"),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={HOST}",
        f"--secure-port={layout.ports.metrics_server}",
        f"--tls-cert-file={layout.certificates / 'server.crt'}",
        f"--tls-private-key-file={layout.certificates / 'server.key'}",
        f"--kubelet-certificate-authority={layout.certificates / 'ca.crt'}",
        "--kubelet-preferred-address-types=InternalIP",
        "--kubelet-use-node-status-port",
        # The shortest it accepts; usage is a difference of two readings.
        "--metric-resolution=10s",
        "--kubelet-request-timeout=5s",
    ]
