"""What KWOK plays: its own stages, ours for pods that crash or find no image, and usage."""

from pathlib import Path
from typing import Any

import yaml

from tests.real.rig.tools import KUSTOMIZE

_OURS = Path(__file__).resolve().parent / "stages"
_CHOSEN = (
    "stage/node/fast",
    "stage/node/heartbeat-with-lease",
    "stage/node/chaos",
    "stage/pod/general",
    "stage/pod/chaos",
    "metrics/resource",
    "metrics/usage",
)

Manifest = dict[str, Any]


def definitions(tools: Path) -> list[Manifest]:
    """KWOK's custom resource definitions."""
    return _manifests(tools / KUSTOMIZE / "crd" / "bases")


def stages(tools: Path) -> list[Manifest]:
    """The stages of nodes and pods, and how usage is made up."""
    folders = [tools / KUSTOMIZE / chosen for chosen in _CHOSEN]
    return [manifest for folder in [*folders, _OURS] for manifest in _manifests(folder)]


def _manifests(folder: Path) -> list[Manifest]:
    files = sorted(path for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")
    if not files:
        raise FileNotFoundError(f"no manifests in {folder}")
    return [document for path in files for document in yaml.safe_load_all(path.read_text()) if document]
