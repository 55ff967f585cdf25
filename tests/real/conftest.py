"""Real monitors and real processes: each test has a colony of its own, checked at its end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from colony import Colony, a_colony


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture
def colony(tmp_path: Path) -> Iterator[Colony]:
    """A colony whose monitor isn't started yet."""
    with a_colony(tmp_path) as found:
        yield found
