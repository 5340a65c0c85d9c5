"""The command line: ``causalpp demo | discover | mec | effect | simulate``."""

from causalpp.cli.app import main

__all__ = ["main"]
