"""The declaration of figures."""

import pytest

from clusters.state.resource import HEALTHS
from clusters.state.summary import Cpu, HealthCounts, Memory, Summary
from metrics.series.figures import FIGURES, cluster_points, figure_named, node_points, node_subject


def test_each_figure_has_a_name_and_a_code_of_its_own() -> None:
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)
    assert len({figure.code for figure in FIGURES}) == len(FIGURES)


def test_a_figures_code_stays_its_own_for_ever() -> None:
    """Stored rows are found by these numbers: add to them, and never change or reuse one."""
    assert {figure.code: figure.name for figure in FIGURES} == {
        1: "cpu_used_cores",
        2: "cpu_requested_cores",
        3: "cpu_allocatable_cores",
        4: "memory_used_bytes",
        5: "memory_requested_bytes",
        6: "memory_allocatable_bytes",
        9: "pods_total",
        10: "nodes_total",
        11: "nodes_ready",
        12: "restarts_total",
        **{16 + at: f"pods_{health}" for at, health in enumerate(HEALTHS)},
        **{24 + at: f"workloads_{health}" for at, health in enumerate(HEALTHS)},
    }


def test_each_figure_says_what_it_is() -> None:
    for figure in FIGURES:
        assert all((figure.unit, figure.label, figure.meaning, figure.computed, figure.checked)), figure.name


def test_every_point_of_a_cluster_or_node_is_declared() -> None:
    for name in (*cluster_points(Summary()), *node_points(cpu=Cpu(), memory=Memory(), pods_total=None)):
        assert figure_named(name).name == name


def test_a_clusters_points_are_its_totals() -> None:
    summary = Summary(
        pods=HealthCounts(critical=1, healthy=8),
        nodes=HealthCounts(degraded=1, healthy=2),
        nodes_ready=2,
        cpu=Cpu(used_cores=1.5, requested_cores=2.0),
        memory=Memory(allocatable_bytes=5),
    )

    points = cluster_points(summary)

    assert (points["pods_total"], points["pods_critical"], points["nodes_total"]) == (9, 1, 3)
    assert (points["cpu_used_cores"], points["memory_allocatable_bytes"]) == (1.5, 5)
    assert points["cpu_allocatable_cores"] is None
    assert points["restarts_total"] is None


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [("cpu_used_cores", 1.2344, 1.234), ("memory_used_bytes", 5 << 20, 5 << 20), ("pods_total", 7, 7)],
)
def test_a_value_is_kept_to_its_resolution(name: str, value: float, kept: float) -> None:
    figure = figure_named(name)

    assert figure.from_units(figure.to_units(value)) == kept


def test_a_nodes_subject_is_its_name() -> None:
    assert node_subject("node-7") == "Node/node-7"
