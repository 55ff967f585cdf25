"""What all tests share: hypothesis profiles. ``HYPOTHESIS_PROFILE=long`` takes minutes,
``hunt`` finds many faults soon and shrinks none."""

import os
import signal

from hypothesis import HealthCheck, Phase, settings

# A shell has what it starts by "&" ignore SIGINT, and so would all that the tests start and then
# interrupt; a handler is not inherited.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("quick", max_examples=60, stateful_step_count=40, **_COMMON)
settings.register_profile("long", max_examples=2700, stateful_step_count=50, **_COMMON)
settings.register_profile(
    "hunt", max_examples=3000, stateful_step_count=40, phases=[Phase.generate], **_COMMON
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
