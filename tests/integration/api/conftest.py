import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def forgetful_throttles():
    """Requests of one test don't count against the next one's rates."""
    cache.clear()
