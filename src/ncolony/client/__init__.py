"""For programs that run under NColony: ``beat()`` says that this one is well.

Plain Python; importing this costs next to nothing. Programs with a Twisted reactor have
``ncolony.client.heart``.
"""

from __future__ import annotations

import os
import time

from .pulse import Pulse

__all__ = ["beat"]

#: Touches the heartbeat file that this process's configuration asks for, at most three times a
#: period, and returns whether it did; see ``Pulse.beat``. The one heart of this process: a
#: function that any part of a program can call needs a place to remember its last beat in.
beat = Pulse(os.environ, time.monotonic).beat
