"""Write the files that are made from the code and checked in, and say which have changed.

A test holds that they are current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from ncolony.schemas import documents, path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "docs"))

import manpages  # noqa: E402 - it lies beside the other documentation


def generated() -> Iterator[tuple[Path, str]]:
    """Each file, and what is to be in it."""
    for name in documents.DOCUMENTS:
        yield Path(path(name)), documents.text(name)
    for name, text in manpages.pages():
        yield CHECKOUT / "man" / name, text


def main() -> None:
    """Write those that aren't current."""
    for file, text in generated():
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            print(file.relative_to(CHECKOUT))


if __name__ == "__main__":
    main()
