"""A reader's account in a cluster: from the manifest as it is printed to its token and authority."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import yaml

from tests.real.rig.cluster import Cluster
from tests.real.rig.processes import ProgramFailed, wait_until

_TOKEN_SECONDS = 20.0


@dataclass(frozen=True)
class Reader:
    """Who reads, and with what."""

    user: str
    token: str
    authority_pem: str


def create_reader(cluster: Cluster, manifest: str) -> Reader:
    """Apply a manifest that holds one ServiceAccount and its token Secret, and wait for the token."""
    documents = [document for document in yaml.safe_load_all(manifest) if document]
    account = _the_one(documents, "ServiceAccount")
    secret = _the_one(documents, "Secret")
    cluster.kubectl("apply", "-f", "-", stdin=manifest)
    found: dict[str, str] = {}

    def is_filled() -> bool:
        found.update(_data_of(cluster, secret["metadata"]))
        return "token" in found

    if not wait_until(is_filled, seconds=_TOKEN_SECONDS):
        raise ProgramFailed(f"no token appeared in the secret {secret['metadata']['name']}")
    where = account["metadata"]
    return Reader(
        user=f"system:serviceaccount:{where['namespace']}:{where['name']}",
        token=base64.b64decode(found["token"]).decode(),
        authority_pem=base64.b64decode(found["ca.crt"]).decode(),
    )


def _the_one(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    found = [document for document in documents if document["kind"] == kind]
    if len(found) != 1:
        raise ValueError(f"the manifest holds {len(found)} documents of kind {kind}; expected one")
    return found[0]


def _data_of(cluster: Cluster, metadata: dict[str, str]) -> dict[str, str]:
    printed = cluster.kubectl("get", "secret", metadata["name"], "-n", metadata["namespace"], "-o", "json")
    data: dict[str, str] = json.loads(printed).get("data") or {}
    return data
