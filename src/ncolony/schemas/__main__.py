"""``python -m ncolony.schemas [NAME]``: print a schema, or say which there are and where."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..cli import printing
from ..control.errors import nearest
from . import names, path, text

PROGRAM = "python -m ncolony.schemas"
_HELP = f"""\
usage: {PROGRAM} [NAME]

Print the JSON Schema of this name; without a name, list all and where they lie."""


def main(argv: Sequence[str]) -> int:
    """Carry out a command line, without the program's name; the exit code."""
    known = names()
    match argv:
        case []:
            width = max(map(len, known))
            print("\n".join(f"{name:{width}}  {path(name)}" for name in known))
        case ["-h" | "--help"]:
            print(_HELP)
        case [name] if name in known:
            sys.stdout.write(text(name))
        case [name]:
            hint = nearest(name, known) or f"; known are {', '.join(known)}"
            return _refused(f"cannot print {name!r}: no schema has this name{hint}")
        case _:
            return _refused(f"cannot print {len(argv)} schemas; allowed: one name, or none")
    return 0


def _refused(line: str) -> int:
    print(f"{PROGRAM}: {line}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(printing(PROGRAM, lambda: main(sys.argv[1:])))
