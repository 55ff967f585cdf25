"""Makes the HTTP checker known to twistd and python -m twisted, as ``ncolony-httpcheck``."""

from twisted.application.service import ServiceMaker

ncolony_httpcheck = ServiceMaker(  # type: ignore[no-untyped-call]
    "ncolony-httpcheck",
    "ncolony.httpcheck.service",
    "restart processes that answer badly",
    "ncolony-httpcheck",
)
