"""The one table of what status files hold: what each field means, and its schema.

The reference and the schemas are made from it. The programs write and read these files by the
named tuples of ``status``, ``checkfile`` and ``jobfile``, whose fields these are.
"""

from __future__ import annotations

from typing import NamedTuple

from .. import status
from ..control.jobs import observed as jobs
from ..control.observed import UNKNOWN
from ..forms import Schema, either, list_of
from ..httpcheck import checkfile
from ..model import State, Want
from ..scheduler import jobfile


class StatusField(NamedTuple):
    """A field; ``members`` are those of the object that it is, or of each in its list."""

    meaning: str
    schema: Schema
    members: dict[str, StatusField] | None = None


Fields = dict[str, StatusField]

_NULL: Schema = {"type": "null"}
_NAME: Schema = {"type": "string", "minLength": 1}
_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_TRUTH_OR_NULL: Schema = {"type": ["boolean", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_PID: Schema = {"type": "integer", "minimum": 1}
_PID_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 1}
_SECONDS: Schema = {"type": "number", "minimum": 0}
_SECONDS_OR_NULL: Schema = {"type": ["number", "null"], "minimum": 0}
_TIME: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
}
_TIME_OR_NULL = either(_TIME, _NULL)
_SHA256_OR_NULL: Schema = {"type": ["string", "null"], "pattern": "^[0-9a-f]{64}$"}
_WARNINGS = list_of(_TEXT)
_CODE_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0, "maximum": 255}
_SIGNAL_OR_NULL: Schema = {"type": ["string", "null"], "pattern": "^SIG"}


def _schema(number: int) -> StatusField:
    return StatusField(f"the number of this form: {number}", {"const": number})


_LAST_EXIT: Fields = {
    "code": StatusField("the exit code, or null where a signal ended it", _CODE_OR_NULL),
    "signal": StatusField("the signal's name, `SIGKILL`, or null", _SIGNAL_OR_NULL),
}

PROCESS: Fields = {
    "schema": _schema(status.SCHEMA),
    "name": StatusField("the process's name", _NAME),
    "state": StatusField("one of the states", {"enum": list(State)}),
    "want": StatusField(
        "`UP` or `DOWN`: what the operators want, whatever the state is", {"enum": list(Want)}
    ),
    "reason": StatusField("why it is in this state, for people; not for programs", _TEXT),
    "since": StatusField("since when it is in this state", _TIME),
    "pid": StatusField("its process ID, or null when it doesn't run", _PID_OR_NULL),
    "starts": StatusField(
        "how often it was started, or tried to be, since the monitor began", _COUNT
    ),
    "last_exit": StatusField(
        "how the last run ended, or null",
        {"type": ["object", "null"]},
        {
            **_LAST_EXIT,
            "at": StatusField("when it ended", _TIME),
            "lived_s": StatusField(
                "how long it ran, in seconds, by a clock that doesn't jump", _SECONDS
            ),
        },
    ),
    "next_start": StatusField("in `BACKOFF`, when it is started next; else null", _TIME_OR_NULL),
    "fingerprint": StatusField(
        "SHA-256 of the file whose configuration is in force, as `sha256sum` prints it; null where "
        "none is",
        _SHA256_OR_NULL,
    ),
    "refused": StatusField(
        "why the file that lies there now is not in force; null when it is", _TEXT_OR_NULL
    ),
    "warnings": StatusField("what is odd about the file in force, such as unknown keys", _WARNINGS),
    "pid_started": StatusField(
        "when `pid` was started, in the kernel's ticks since boot; null when it doesn't run, or "
        "where there is no /proc",
        {"type": ["integer", "null"], "minimum": 0},
    ),
    "boot_id": StatusField(
        "what this boot is called (`/proc/sys/kernel/random/boot_id`), or null: a `pid` is this "
        "process only together with both",
        _TEXT_OR_NULL,
    ),
    "success": StatusField(
        "in `EXITED`, whether its end was a success by its policy; else null", _TRUTH_OR_NULL
    ),
    "refused_fingerprint": StatusField(
        "SHA-256 of the file that was refused, where it could be read; else null", _SHA256_OR_NULL
    ),
    "output": StatusField(
        "what keeps its output from where it goes, such as a full disk, or how much was dropped; "
        "null when all is well",
        _TEXT_OR_NULL,
    ),
}

#: In ``ncolony status --json``; UNKNOWN is who is configured and not in the status directory.
SHOWN: Fields = {
    **PROCESS,
    "state": PROCESS["state"]._replace(schema={"enum": [*State, UNKNOWN]}),
    "since": StatusField(
        "since when it is in this state; empty where that isn't known",
        either(_TIME, {"const": ""}),
    ),
}

MONITOR: Fields = {
    "schema": _schema(status.SCHEMA),
    "pid": StatusField("the monitor's", _PID),
    "version": StatusField("NColony's", _TEXT),
    "state": StatusField(
        "`running`, `stopping` or `stopped`", {"enum": ["running", "stopping", "stopped"]}
    ),
    "started_at": StatusField("when it began", _TIME),
    "updated_at": StatusField(
        "when this file was written: when anything else in it changed, not at intervals", _TIME
    ),
    "counts": StatusField(
        "how many processes are in each state; states that none is in are left out",
        {
            "type": "object",
            "propertyNames": {"enum": list(State)},
            "additionalProperties": _COUNT,
        },
    ),
    "rejected": StatusField("requests rejected since the start", _COUNT),
    "directories": StatusField(
        "what is watched",
        {"type": "array"},
        {
            "role": StatusField(
                "`config`, `messages` or `status`", {"enum": ["config", "messages", "status"]}
            ),
            "path": StatusField("where it is", _TEXT),
            "watch": StatusField(
                "`inotify`, `poll` or `missing`", {"enum": ["inotify", "poll", "missing"]}
            ),
            "every_s": StatusField(
                "how often the monitor looks there, in seconds; null where it needn't",
                _SECONDS_OR_NULL,
            ),
        },
    ),
    "warnings": StatusField(
        "what keeps the monitor from its work: a directory that can't be read, a full disk, a log "
        "that can't be written",
        _WARNINGS,
    ),
    "log": StatusField("the file that the monitor logs to; null where that is none", _TEXT_OR_NULL),
    "logs": StatusField("the directory of processes' log files", _TEXT_OR_NULL),
    "log_to": StatusField(
        "where the output goes of processes whose files don't say: `--log`", _TEXT
    ),
}

CHECK: Fields = {
    "schema": _schema(checkfile.SCHEMA),
    "name": StatusField("the process's", _NAME),
    "kind": StatusField("`http`", {"const": "http"}),
    "state": StatusField(
        "`healthy`, `unhealthy`, or `waiting`: in the grace, where it doesn't run, or where the "
        "check can't be made",
        {"enum": list(checkfile.STATES)},
    ),
    "since": StatusField("when it came into that state", _TIME),
    "last": StatusField("when it was last checked, or null", _TIME_OR_NULL),
    "result": StatusField(
        "what came of that: `200 in 3 ms`, `timed out after 5 s`; or null",
        {"type": ["string", "null"], "minLength": 1},
    ),
    "failures": StatusField("bad answers in a row", _COUNT),
    "checks": StatusField("how many checks this checker has made", _COUNT),
    "restarts": StatusField("how many restarts this checker has asked for", _COUNT),
}

JOB: Fields = {
    "schema": _schema(jobfile.SCHEMA),
    "name": StatusField("the job's", _NAME),
    "state": StatusField(
        "`waiting`, `running`, `disabled`; `refused`: no file of it can be used",
        {"enum": list(jobfile.STATES)},
    ),
    "reason": StatusField("why", _TEXT),
    "schedule": StatusField("as text: `every 10m`, `30 2 * * * Europe/Berlin`", _TEXT),
    "last_start": StatusField("when its last run began, or null", _TIME_OR_NULL),
    "last_duration": StatusField(
        "how many seconds the last run that is over took, or null", _SECONDS_OR_NULL
    ),
    "last_exit": StatusField(
        "how that ended; null where it couldn't be started",
        {"type": ["object", "null"]},
        _LAST_EXIT,
    ),
    "last_result": StatusField(
        "the same in words: `exit 0`, `killed by SIGTERM after the timeout of 5 s`; or null",
        _TEXT_OR_NULL,
    ),
    "next": StatusField(
        "when it starts next, `jitter` included; null where it doesn't", _TIME_OR_NULL
    ),
    "runs": StatusField("how often it was started so far", _COUNT),
    "failures": StatusField("how many runs failed, or couldn't be started", _COUNT),
    "skipped": StatusField("how many times were left out because it ran", _COUNT),
    "pid": StatusField(
        'of the run, null where there is none; of the newest, with `"overlap": "allow"`',
        _PID_OR_NULL,
    ),
    "refused": StatusField("why the newest file isn't used, or null", _TEXT_OR_NULL),
    "last_due": StatusField(
        "up to when all times at which it was due have been dealt with, or null", _TIME_OR_NULL
    ),
    "warnings": StatusField("unknown keys and the like", _WARNINGS),
    "fingerprint": StatusField(
        "the SHA-256 of the newest file, used or refused; null where that can't be read",
        _SHA256_OR_NULL,
    ),
    "success": StatusField(
        "whether the last run that is over was no failure; null before the first end",
        _TRUTH_OR_NULL,
    ),
}

#: In ``ncolony job list --json``; unknown is a job of which no scheduler has said anything.
SHOWN_JOB: Fields = {
    **JOB,
    "state": JOB["state"]._replace(schema={"enum": [*jobfile.STATES, jobs.UNKNOWN]}),
}
