"""What code takes, whoever else wants the processor, and whether or not coverage is measured."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def took_s(function: Callable[[], object]) -> float:
    """The processor time of a call, in seconds.

    Neither the time that other processes had meanwhile is counted, nor what coverage takes to
    look at each line, which may be far more than the line itself.
    """
    tracing = sys.gettrace()
    sys.settrace(None)
    try:
        begun = time.thread_time()
        function()
        return time.thread_time() - begun
    finally:
        sys.settrace(tracing)
