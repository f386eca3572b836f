"""The commands to paste say what the kubeconfig's author wants only as quoted words."""

import shlex
import subprocess
from pathlib import Path

import pytest

from clusters.connection.endpoint import Endpoint
from clusters.connection.kubeconfig import NeedsAccount
from portal.account_commands import account_commands

HOSTILE_NAMES = (
    "prod; touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "' ; touch pwned ; '",
    '" ; touch pwned ; "',
    "a && touch pwned",
    "a | touch pwned",
    "> pwned",
    "--help",
    "-x",
    "a\\",
    "!!",
    "~root",
    "*",
    "arn:aws:eks:eu-west-1:123456789012:cluster/prod",
)


def refusal(context: str, **fields: object) -> NeedsAccount:
    endpoint = Endpoint(server="https://api.example.com:6443", **fields)  # type: ignore[arg-type]
    return NeedsAccount(
        context=context, field="users[0].user.exec", platform="Amazon EKS", endpoint=endpoint, has_ca=True
    )


def test_four_lines_make_the_account_and_register_the_cluster() -> None:
    lines = account_commands(
        refusal("eks"), kubeconfig=Path("/home/me/.kube/config"), name="prod eu", labels=["env=prod"]
    ).splitlines()
    kubectl = "kubectl --kubeconfig=/home/me/.kube/config --context=eks"
    assert len(lines) == 4
    assert lines[0].endswith(f"print_cluster_role | {kubectl} apply -f -")
    assert lines[1].strip().startswith(f"{kubectl} config view --raw --flatten --minify")
    assert lines[1].endswith("| base64 --decode > prod-eu-ca.crt")
    assert lines[3].strip().startswith(f"{kubectl} get secret topmast-reader --namespace=topmast")
    assert lines[3].endswith("--token-file=- --ca-file=prod-eu-ca.crt --label=env=prod -- 'prod eu'")


def test_how_the_cluster_is_reached_is_kept() -> None:
    shown = account_commands(
        refusal(
            "x", tls_server_name="kubernetes", proxy_url="http://proxy:3128", skips_tls_verification=True
        ),
        kubeconfig=Path("config"),
        name="x",
    )
    assert (
        "--tls-server-name=kubernetes --proxy-url=http://proxy:3128 --insecure-skip-tls-verify -- x" in shown
    )


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_shell_does_nothing_but_what_the_lines_say(name: str, tmp_path: Path) -> None:
    lines = account_commands(refusal(name), kubeconfig=tmp_path / "it's $HOME", name=name)
    lines = lines.replace("sleep 2", "sleep 0")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "kubectl").write_text('#!/bin/sh\nfor word; do echo "kubectl<$word>" >&2; done\n')
    (programs / "base64").write_text("#!/bin/sh\n")
    python = programs / "python"
    python.write_text('#!/bin/sh\nfor word; do echo "python<$word>" >&2; done\n')
    for program in programs.iterdir():
        program.chmod(0o700)
    first = shlex.split(lines.splitlines()[0])[0]
    script = "\n".join(lines.replace(first, shlex.quote(str(python))).splitlines())
    folder = tmp_path / "here"
    folder.mkdir()

    done = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=folder,
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert not (folder / "pwned").exists()
    assert f"kubectl<--context={name}>" in done.stderr
    assert f"python<{name}>" in done.stderr
    assert [each.name for each in folder.iterdir()] == [each.name for each in folder.glob("*-ca.crt")]
