"""What every step of the whole fleet's measurement shares."""

from dataclasses import dataclass, field

from bench.figures import Figure
from bench.options import Options
from bench.peers import ClientCost, Cost
from bench.portals import MeasuredPortal
from tests.simulated import SimulatedCluster, SimulatedFleet


@dataclass
class Stage:
    """What every step needs: who is measured, what by, and what was found before."""

    options: Options
    fleet: SimulatedFleet
    portal: MeasuredPortal
    bare_seconds: float = 0.0
    empty_cores: float = 0.0
    empty_bytes: int = 0
    empty_sign_in_ms: float = 0.0
    kubectl: Cost | None = None
    client: ClientCost | None = None
    uuids: dict[str, str] = field(default_factory=dict)
    """Of the registered clusters, by name."""
    figures: list[Figure] = field(default_factory=list)

    @property
    def clusters(self) -> list[SimulatedCluster]:
        """The fleet's."""
        return list(self.fleet.clusters.values())
