"""JSON Schemas of all files of a colony, draft 2020-12, for editors and other programs.

Each is a file beside this one; ``python -m ncolony.schemas`` says where.
"""

from __future__ import annotations

import os

DIRECTORY = os.path.dirname(os.path.abspath(__file__))
SUFFIX = ".json"


def names() -> list[str]:
    """The names of the schemas."""
    found = (entry for entry in os.listdir(DIRECTORY) if entry.endswith(SUFFIX))
    return sorted(entry.removesuffix(SUFFIX) for entry in found)


def path(name: str) -> str:
    """The file of a schema."""
    return os.path.join(DIRECTORY, name + SUFFIX)


def text(name: str) -> str:
    """The contents of that file. Raises KeyError for what is no schema's name."""
    if name not in names():
        raise KeyError(name)
    with open(path(name), encoding="utf-8") as file:
        return file.read()
