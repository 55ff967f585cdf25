"""Chaos uses the same colonies as the tests with real processes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "real"))
