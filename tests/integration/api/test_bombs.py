"""A body that asks for far too much is refused with 400."""

import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


def test_json_of_lists_within_lists():
    deep = "[" * 100_000 + "]" * 100_000
    answer = APIClient().post("/api/token/", deep, content_type="application/json")
    assert answer.status_code == 400
    assert "too many lists" in answer.json()["detail"]
