"""kubeconfigs for simulated clusters."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Entry:
    """One cluster to put into a kubeconfig."""

    name: str
    address: str
    ca_pem: str
    token: str


def write(path: Path, entries: list[Entry]) -> Path:
    """Write a kubeconfig with one context a cluster; only its owner may read it."""
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": entries[0].name if entries else "",
        "clusters": [{"name": one.name, "cluster": _cluster(one)} for one in entries],
        "users": [{"name": f"{one.name}-reader", "user": {"token": one.token}} for one in entries],
        "contexts": [
            {"name": one.name, "context": {"cluster": one.name, "user": f"{one.name}-reader"}}
            for one in entries
        ],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(body, sort_keys=False))
    return path


def _cluster(entry: Entry) -> dict[str, str]:
    cluster = {"server": entry.address}
    if entry.address.startswith("https:"):
        cluster["certificate-authority-data"] = base64.b64encode(entry.ca_pem.encode()).decode()
    return cluster
