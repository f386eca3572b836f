"""`python -m tests.killing`: the kill matrix as a table, 1 where anything was lost."""

import sys

from tests.killing.commandline import main

sys.exit(main())
