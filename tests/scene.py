"""What has to be so for a block of a page to be true."""

from __future__ import annotations

from typing import NamedTuple

#: A colony whose monitor runs.
START = """\
mkdir -p colony/config colony/messages
export NCOLONY_DIR=$PWD/colony
ncolony run >colony.log 2>&1 &
until ncolony status --quiet; do sleep 0.1; done
"""
#: A field of a JSON file.
FIELD = """\
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$@"; }
"""


class Scene(NamedTuple):
    """A block of ``page``, the first that ``begins`` so, after those above it in the same shell.

    ``setup`` is run before it. ``command`` says what is shown, where the page shows only that.
    """

    page: str
    begins: str
    setup: str = ""
    command: str = ""
    needs_root: bool = False


def brief(end: str) -> str:
    """A process ``web`` that has just died by this command, and waits for a minute."""
    return f"""\
echo '{{"minrestartdelay": 60}}' >brief
ncolony add web --extras brief -- sh -c '{end}'
until ncolony status web | grep BACKOFF; do sleep 0.1; done
"""
