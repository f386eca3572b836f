"""The command to paste."""

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.kinds import all_kinds
from clusters.kinds.kubectl import kubectl_command


def test_the_command_names_context_namespace_and_group() -> None:
    assert (
        kubectl_command("Deployment", "shop", "web", "prod")
        == "kubectl --context=prod --namespace=shop describe deployments.apps web"
    )
    assert kubectl_command("Node", "", "node-1") == "kubectl describe nodes node-1"
    assert kubectl_command("Node", "ignored", "node-1") == "kubectl describe nodes node-1"


def test_every_kind_has_a_command() -> None:
    for kind in all_kinds():
        assert kubectl_command(kind.name, "shop", "x").endswith(" x")


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(name=texts, namespace=texts, context=texts)
def test_no_name_becomes_more_than_one_word(name: str, namespace: str, context: str) -> None:
    words = shlex.split(kubectl_command("Pod", namespace, name, context))

    assert words[1:3] == [f"--context={context}", f"--namespace={namespace}"]
    assert words[-1] == name
    assert ("--" in words[3:-1]) == name.startswith("-")


@pytest.mark.parametrize(
    "name", ["$(touch /tmp/owned)", "a; echo pwned", "`id`", "--kubeconfig=/x", "a'b\"c\nd"]
)
def test_a_real_shell_passes_a_strange_name_on_unchanged(name: str) -> None:
    command = kubectl_command("Pod", "shop", name)
    show = f'kubectl() {{ printf "%s\\0" "$@"; }}; {command}'

    done = subprocess.run(["sh", "-c", show], capture_output=True, check=True)

    assert done.stdout.decode().split("\0")[-2] == name


def test_a_kind_that_is_not_read_has_no_command() -> None:
    with pytest.raises(KeyError):
        kubectl_command("Secret", "shop", "x")
