"""How long ago something happened is told in words."""

from datetime import timedelta

import pytest
from django.utils import timezone

from webapp.core.ago import ago


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "just now"), (0, "just now"), (58, "just now"), (61, "1 minute ago"), (7300, "2 hours, 1 minute ago")],
)
def test_the_first_minute_is_just_now(seconds, words):
    assert ago(timezone.now() - timedelta(seconds=seconds)).replace("\xa0", " ") == words
