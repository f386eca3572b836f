"""Scenarios: data that says what exists, and a plot of what happens when."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "scenarios"
DEMO = (
    "calm", "node-lost", "crash-loop", "rollout-stuck", "filling-up", "forbidden-kind", "slow", "unreachable",
)  # fmt: skip


class NoScenario(ValueError):
    """A scenario that does not exist or cannot be read. Says which do."""


@dataclass
class Scenario:
    """One scenario as its file has it, with the parts it includes."""

    name: str
    cluster: str
    version: str
    labels: dict[str, str] = field(default_factory=dict)
    described: dict[str, Any] = field(default_factory=dict)
    plot: list[dict[str, Any]] = field(default_factory=list)
    churn_seconds: float = 0.0
    bulk: dict[str, int] | None = None


def names() -> list[str]:
    """The scenarios there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> Scenario:
    """Read a scenario by its name, or by the path of a file of one's own."""
    path = Path(name) if name.endswith(".yaml") else FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise NoScenario(f"no scenario is called {name!r}; there are: {', '.join(names())}")
    described = _read(path)
    workloads: list[Any] = []
    for part in described.get("include", []):
        workloads += _read(FOLDER / "parts" / f"{part}.yaml")["workloads"]
    described["workloads"] = workloads + described.get("workloads", [])
    _change(described)
    return Scenario(
        name=path.stem,
        cluster=described["cluster"],
        version=described["version"],
        labels=described.get("labels", {}),
        described=described,
        plot=described.get("plot") or [],
        churn_seconds=float(described.get("churn_seconds", 0)),
        bulk=described.get("bulk"),
    )


def _read(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    body = yaml.load(path.read_text(), Loader=loader)  # noqa: S506  (both are safe loaders)
    if not isinstance(body, dict):
        raise NoScenario(f"{path.name} is no scenario: it holds no mapping")
    return body


def _change(described: dict[str, Any]) -> None:
    """Let a scenario adjust what it has included: `change: {web: {replicas: 30}}`."""
    changes = described.get("change", {})
    for workload in described["workloads"]:
        workload.update(changes.get(workload["name"], {}))
