"""`python -m ketameta`: the command line, where no script of its name is on the path."""

import sys

from ketameta.cli import main

sys.exit(main())
