"""Which workload an object belongs to."""

from clusters.state.objects import Metadata, controller
from clusters.state.texts import word


def workload_of(metadata: Metadata, template_hash: str | None = None) -> str:
    """`Kind/name` of the controller; empty where there is none.

    A ReplicaSet named after a Deployment and the pod's template hash is that Deployment's.
    """
    owner = controller(metadata)
    if owner is None:
        return ""
    if template_hash and owner.kind == "ReplicaSet" and owner.name.endswith(f"-{template_hash}"):
        return word(f"Deployment/{owner.name[: -len(template_hash) - 1]}", 320)
    return word(f"{owner.kind}/{owner.name}", 320)
