"""Commands to paste that give the portal an account in a cluster whose users log in with a program.

Every word of the kubeconfig in them is quoted for the shell: its author is a stranger.
"""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from django.utils.text import slugify

from clusters.connection.endpoint import Endpoint
from clusters.connection.kubeconfig import NeedsAccount
from clusters.connection.rbac import ACCOUNT, NAMESPACE


def account_commands(
    refusal: NeedsAccount, *, kubeconfig: Path, name: str, labels: Sequence[str] = ()
) -> str:
    """The lines that make the account and register the cluster with it, ready for a POSIX shell."""
    kubectl = ["kubectl", f"--kubeconfig={kubeconfig}", f"--context={refusal.context}"]
    ca_file = f"{slugify(name) or 'cluster'}-ca.crt"
    lines = [f"{_manage('print_cluster_role')} | {shlex.join([*kubectl, 'apply', '-f', '-'])}"]
    if refusal.has_ca:
        lines.append(f"{_read_authority(kubectl)} > {shlex.quote(ca_file)}")
    # Kubernetes fills a token Secret a moment after it was made.
    lines.append("sleep 2")
    add = ["add_cluster", f"--server={refusal.endpoint.server}", "--token-file=-"]
    add += [f"--ca-file={ca_file}"] if refusal.has_ca else []
    add += [*_how_to_reach(refusal.endpoint), *(f"--label={label}" for label in labels), "--", name]
    lines.append(f"{_read_token(kubectl)} | {_manage(*add)}")
    return "\n".join(f"  {line}" for line in lines)


def _read_authority(kubectl: Sequence[str]) -> str:
    """The authority the kubeconfig trusts, which need not be the one inside the cluster."""
    path = "jsonpath={.clusters[0].cluster.certificate-authority-data}"
    view = ["config", "view", "--raw", "--flatten", "--minify", "--output", path]
    return f"{shlex.join([*kubectl, *view])} | base64 --decode"


def _read_token(kubectl: Sequence[str]) -> str:
    get = ["get", "secret", ACCOUNT, f"--namespace={NAMESPACE}", "--output", "jsonpath={.data.token}"]
    return f"{shlex.join([*kubectl, *get])} | base64 --decode"


def _how_to_reach(endpoint: Endpoint) -> list[str]:
    options = []
    if endpoint.tls_server_name:
        options.append(f"--tls-server-name={endpoint.tls_server_name}")
    if endpoint.proxy_url:
        options.append(f"--proxy-url={endpoint.proxy_url}")
    if endpoint.skips_tls_verification:
        options.append("--insecure-skip-tls-verify")
    return options


def _manage(*arguments: str) -> str:
    """The command line that runs one of our commands as this one was run."""
    return shlex.join([_short(Path(sys.executable)), _short(Path(sys.argv[0])), *arguments])


def _short(path: Path) -> str:
    """Relative to where we are, if it is below."""
    absolute = Path.cwd() / path
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(path)
