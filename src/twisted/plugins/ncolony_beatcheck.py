"""Makes the heartbeat checker known to twistd and python -m twisted, as ``ncolony-beatcheck``."""

from twisted.application.service import ServiceMaker

ncolony_beatcheck = ServiceMaker(  # type: ignore[no-untyped-call]
    "ncolony-beatcheck",
    "ncolony.beatcheck.service",
    "restart processes whose heartbeats have ceased",
    "ncolony-beatcheck",
)
