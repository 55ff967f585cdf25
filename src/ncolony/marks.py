"""The mark that a process's descendants carry, whatever they do to their session or environment.

It is the soft RLIMIT_LOCKS, getrlimit(2): a limit that Linux hasn't enforced since 2.4.25, but
that each process hands down to its children through fork and exec, and that anyone may read
in /proc/PID/limits (ADR 12).
"""

from __future__ import annotations

from hashlib import blake2b

from .proc import locks_limit

#: RLIMIT_LOCKS on every Linux; Python has no name for it.
RLIMIT_LOCKS = 10
#: More for names: of ten thousand processes two have the same mark with a chance of 0.07 %. That of
#: two colonies on a machine, which would have to have a process of the same name, is 1 : 2**26.
_NAME_BITS = 36
BASES = 1 << 26


class Marks:
    """The marks of a colony. ``base`` is its own, from 1 to ``BASES`` - 1; None: nobody is marked.

    Who isn't marked anew keeps the mark of who started it.
    """

    def __init__(self, base: int | None) -> None:
        self._base = base

    def of_name(self, name: str) -> int | None:
        """The mark of a process of the colony, and of all that it starts."""
        if self._base is None:
            return None
        digest = blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        return self._base << _NAME_BITS | int.from_bytes(digest, "big") >> (64 - _NAME_BITS)

    def of_pid(self, pid: int) -> int | None:
        """The mark that a process carries, if it is one of this colony."""
        found = None if self._base is None else locks_limit(pid)
        return found if found is not None and found >> _NAME_BITS == self._base else None


def is_base(number: int) -> bool:
    """Whether a number can be a colony's own."""
    return 0 < number < BASES
