"""The command that shows the same in a terminal."""

import shlex

from clusters.kinds import kind_named


def kubectl_command(resource_kind: str, namespace: str, name: str, context: str = "") -> str:
    """What to paste into a shell to see one object as the cluster tells it, quoted for that shell.

    Name and namespace come from a cluster, so they are values that no shell and no flag parser acts upon.
    Raises KeyError for a kind that we do not read.

    >>> kubectl_command("Pod", "shop", "web-1", "prod")
    'kubectl --context=prod --namespace=shop describe pods web-1'
    """
    kind = kind_named(resource_kind)
    options = [f"--context={context}"] if context else []
    if kind.namespaced and namespace:
        options.append(f"--namespace={namespace}")
    plural = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    ends_options = ["--"] if name.startswith("-") else []
    return shlex.join(["kubectl", *options, "describe", plural, *ends_options, name])
