"""python -m tests.real.rig build | up | down: the programs, and clusters that stay up."""

import argparse
import sys
from pathlib import Path

from tests.real.rig import fleet, tools
from tests.real.rig.processes import ProgramFailed
from tests.real.rig.workloads import BIG, SMALL

_SIZES = {"small": SMALL, "big": BIG}


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; 1 and a sentence on stderr when it cannot be done."""
    options = _parser().parse_args(arguments)
    try:
        _ACTIONS[options.action](options)
    except (tools.ToolsMissing, ProgramFailed) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _build(_options: argparse.Namespace) -> None:
    _say(str(tools.build()))


def _up(options: argparse.Namespace) -> None:
    tools.build()
    clusters = fleet.bring_up(options.folder, count=options.clusters, size=_SIZES[options.size], say=_say)
    if options.register:
        fleet.register(clusters, say=_say)
    _say(f"They stay up until: python -m tests.real.rig down --folder {options.folder}")


def _down(options: argparse.Namespace) -> None:
    fleet.take_down(options.folder, say=_say)


_ACTIONS = {"build": _build, "up": _up, "down": _down}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.real.rig", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("build", help="build the pinned programs and print their folder; 5 min when cold")
    up = actions.add_parser("up", help="start clusters and leave them up")
    up.add_argument("--clusters", type=int, default=2, help="how many (default: 2)")
    up.add_argument("--size", choices=_SIZES, default="small", help="small: 3 nodes; big: 40 and 2,000 pods")
    up.add_argument("--register", action="store_true", help="register them in this checkout's portal")
    down = actions.add_parser("down", help="stop them and remove their data")
    for action in (up, down):
        action.add_argument(
            "--folder", type=Path, default=Path("data/real"), help="where they live (default: data/real)"
        )
    return parser


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
