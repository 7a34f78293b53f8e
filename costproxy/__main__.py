"""Run costproxy as a module."""

import sys

from costproxy.cli import main

if __name__ == "__main__":
    sys.exit(main())
