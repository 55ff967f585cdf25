"""Makes the monitor known to twistd and to python -m twisted, as ``ncolony``."""

from twisted.application.service import ServiceMaker

ncolony = ServiceMaker(  # type: ignore[no-untyped-call]
    "ncolony",
    "ncolony.service",
    "keep processes in step with a directory of configuration",
    "ncolony",
)
