"""The directories of a scheduler of many jobs: their files, requests, and what became of them.

jobs/            -> FileLooks ----+
                                  +-> Jobs -> JobFiles -> status/.jobs/
jobs/.messages/  -> RequestLooks -+
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from .. import spec
from ..dirfiles import DirFiles
from ..filelooks import FileLooks
from ..isystem import ISystem
from ..mailbox import Mailbox
from ..requestlooks import RequestLooks
from . import jobrequest, jobspec
from .job import Unusable
from .jobfile import MESSAGES_DIRECTORY
from .jobfiles import JobFiles
from .jobs import Gone, JobChange, Jobs, Loaded


class JobsDir(DirFiles[JobChange]):
    """Turns what changed in a directory of jobs' files into changes of jobs."""

    def __init__(self, system: ISystem, directory: str) -> None:
        super().__init__(system, directory, spec.MAX_BYTES, self._loaded, Unusable, Gone)

    def _loaded(self, name: str, text: bytes) -> JobChange:
        try:
            return Loaded(jobspec.parse(name, text))
        except jobspec.JobError as error:
            reason = f"cannot use {self._directory}/{name}: {error}"
            return Unusable(reason, sha256(text).hexdigest())


class JobsLooks:
    """Watches a directory of jobs and that of its requests, from ``start`` to ``stop``.

    Each trouble is said once, when it begins.
    """

    def __init__(
        self,
        reactor: Any,
        system: ISystem,
        directory: str,
        every_s: float,
        jobs: Jobs,
        files: JobFiles,
        said: Callable[[str], None],
    ) -> None:
        self._system = system
        self._said = said
        self._messages = f"{directory}/{MESSAGES_DIRECTORY}"
        self._jobs = jobs
        self._files = files
        self._trouble: str | None = None
        self._dir = JobsDir(system, directory)
        mailbox = Mailbox(system, self._messages, jobrequest.parse, jobs.carry_out, said)
        self._looks = FileLooks(reactor, directory, every_s, self._dir, jobs.apply, self._looked)
        self._requests = RequestLooks(
            reactor, self._messages, every_s, mailbox, self._looks.watcher.catch_up, _nothing
        )

    def start(self) -> None:
        """Watch, and look for the first time."""
        try:
            self._system.make_directory(self._messages)
        except OSError as error:
            self._said(f"cannot make {self._messages}: {error.strerror}")
        self._looks.start()
        self._requests.start()

    def look_again(self) -> None:
        """Look at everything, whether there was notice of a change or not."""
        self._looks.watcher.look_again()
        self._requests.watcher.look_again()

    def stop(self) -> None:
        """Look no more."""
        self._looks.stop()
        self._requests.stop()

    def _looked(self) -> None:
        trouble = self._dir.trouble
        if trouble is None:
            self._files.remove_others(self._jobs.names())
        if trouble != self._trouble:
            self._said(trouble or "the directory of jobs can be looked at again")
        self._trouble = trouble


def _nothing() -> None:
    """A look at requests changes nothing else."""
