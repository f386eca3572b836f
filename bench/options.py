"""How big and how long."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The sizes of one run. The goals are for the defaults."""

    clusters: int = 210
    pods: int = 2000
    nodes: int = 40
    seconds: float = 60.0
    events_per_second: float = 500.0
    big_pods: int = 10_000
    wanted: frozenset[str] = frozenset()

    def wants(self, *ids: str) -> bool:
        """Whether any of these figures is to be measured."""
        return not self.wanted or bool(self.wanted.intersection(ids))
