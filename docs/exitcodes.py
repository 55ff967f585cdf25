"""What each exit code means: for the reference, and for the manual pages."""

from __future__ import annotations

from ncolony import exits

Codes = tuple[tuple[object, str], ...]

#: Of ``ncolony`` with any command but ``run``.
CONTROL: Codes = (
    (0, "done; for `status` and `job list`: all is as wanted"),
    (
        1,
        (
            "not so: it did not happen, a fault was found, a process isn't as wanted, a job "
            "failed, no monitor runs, a log can't be read, the output can't be written"
        ),
    ),
    (
        2,
        (
            "asked wrongly: an unknown option, a name that can't be one, a malformed `--env`, a "
            "missing directory; nothing was written"
        ),
    ),
    (130, "interrupted; how `logs --follow` ends"),
    (141, "nobody reads the output"),
)
#: Of ``ncolony run``.
MONITOR: Codes = (
    (exits.ORDERLY, "of TERM, INT or QUIT; nothing is left"),
    (
        "0 to 255",
        "an [essential](process-file.md) process ended for good: its own exit code",
    ),
    (f"{exits.SIGNALLED} + N", "an essential process was ended by signal N"),
    (
        exits.NOT_STARTED,
        'an essential process with `"restart": "never"` couldn\'t be started',
    ),
    (exits.USAGE, "of a wrong option, or a directory that isn't there"),
    (
        exits.LEFT_BEHIND,
        "of a signal, and processes were left that can't be killed; the log names them",
    ),
    (exits.CANNOT_CREATE, "a directory can't be made, locked or written to"),
    (exits.ANOTHER_RUNS, "another monitor runs on the same status directory"),
    (
        exits.NOT_TRUSTED,
        (
            "others may write to its directories, which a monitor run by root [doesn't "
            "accept](files-and-limits.md#who-may-write)"
        ),
    ),
)
#: Of ``twistd -n ncolony-scheduler``, where it doesn't begin.
SCHEDULER: Codes = (
    (1, "a wrong option; with `python -m twisted` it is 64"),
    (exits.CANNOT_CREATE, "a directory can't be made or locked"),
    (exits.ANOTHER_RUNS, "another scheduler runs on the same directory of status"),
    (
        exits.NOT_TRUSTED,
        (
            "others may write to its directories, which a scheduler run by root "
            "[doesn't accept](files-and-limits.md#who-may-write)"
        ),
    ),
)
