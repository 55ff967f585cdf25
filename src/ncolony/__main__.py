"""``python -m ncolony ctl``: the control program as the ancestor's users start it."""

import sys

from ncolony import cli

if __name__ == "__main__":
    sys.exit(cli.console(cli.CTL))
