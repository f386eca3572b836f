"""What can be asked for."""

import pytest

from bench.commandline import _parsed
from bench.figures import IDS
from bench.options import Options


def test_by_default_everything_is_measured_at_full_size():
    options, result = _parsed([])
    assert options == Options()
    assert (options.clusters, options.pods, options.big_pods) == (210, 2000, 10_000)
    assert all(options.wants(one) for one in IDS)
    assert str(result) == "data/bench.json"


def test_figures_can_be_named():
    options, _ = _parsed(["B1", "B4", "--seconds", "5"])
    assert [one for one in IDS if options.wants(one)] == ["B1", "B4"]
    assert options.seconds == 5


def test_a_figure_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        _parsed(["B99"])
    assert "'B99' is no figure" in capsys.readouterr().err
