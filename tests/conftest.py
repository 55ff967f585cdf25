"""What all tests share: hypothesis profiles. ``HYPOTHESIS_PROFILE=long`` takes minutes."""

import os

from hypothesis import HealthCheck, settings

_COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("quick", max_examples=60, stateful_step_count=40, **_COMMON)
settings.register_profile("long", max_examples=1500, stateful_step_count=80, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
