"""A trouble in a simulated cluster that fires at once and ends at once: a roll-out past its deadline."""

from typing import Any

from tests.simulated import Control

NAMESPACE = "shop"


def begin(control: Control, name: str) -> None:
    """A Deployment says that it did not progress in time."""
    control.put(_deployment(name, {"status": "False", "reason": "ProgressDeadlineExceeded"}))


def end(control: Control, name: str) -> None:
    """It has come through."""
    control.put(_deployment(name, {"status": "True", "reason": "NewReplicaSetAvailable"}))


def _deployment(name: str, progress: dict[str, str]) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": name, "image": f"registry.example/{name}:1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": NAMESPACE, "name": name, "generation": 1, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
        "status": {
            "observedGeneration": 1,
            "replicas": 1,
            "updatedReplicas": 1,
            "readyReplicas": 1,
            "availableReplicas": 1,
            "conditions": [{"type": "Progressing", **progress}, {"type": "Available", "status": "True"}],
        },
    }
