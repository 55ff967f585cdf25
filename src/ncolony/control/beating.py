"""What ``ncolony beat`` does: one heartbeat of the script that calls it."""

from __future__ import annotations

import os

from ..client.asked import CheckKeyError, asked, touch
from .errors import CtlError, because

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def run(environ: Mapping[str, str] = os.environ) -> int:
    """Touch the file that the process's configuration asks for, if it does: the exit code.

    Raises CtlError where that can't be done, or is asked for wrongly.
    """
    try:
        wanted = asked(environ)
    except CheckKeyError as error:
        raise CtlError(f"cannot beat: {error}") from None
    if wanted is not None:
        try:
            touch(wanted.path)
        except OSError as error:
            raise CtlError(f"cannot touch {wanted.path}: {because(error)}") from None
    return 0
