"""The command line: ``halfulp COMMAND``.

Results go to stdout, everything else to stderr. ``app`` runs a command line, ``commands`` has one module for each
command, ``describing`` the pages of `describe`, ``shells`` the completion, and the rest is what commands share. Nothing
but the base install is imported before a command needs it.
"""

from halfulp.cli.app import main

__all__ = ["main"]
