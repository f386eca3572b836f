"""`python -m clusters.simulator --scenario NAME`."""

import sys

from clusters.simulator.commandline import main

if __name__ == "__main__":
    sys.exit(main())
