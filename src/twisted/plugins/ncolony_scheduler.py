"""Makes the scheduler known to twistd and to python -m twisted, as ``ncolony-scheduler``."""

from twisted.application.service import ServiceMaker

ncolony_scheduler = ServiceMaker(  # type: ignore[no-untyped-call]
    "ncolony-scheduler",
    "ncolony.scheduler.service",
    "run commands every so often, or as cron expressions say",
    "ncolony-scheduler",
)
