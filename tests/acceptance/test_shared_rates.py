"""Rate limits shared by several processes through Redis."""

import os
import subprocess
import sys

import pytest

from tests.acceptance.brokers import redis

ASK = """
import django
django.setup()
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from webapp.api.defaults import AnonymousThrottle
request = Request(APIRequestFactory().get("/"))
print([AnonymousThrottle().allow_request(request, None) for _ in range(3)])
"""


def process(**environment):
    settings = {"DJANGO_SETTINGS_MODULE": "webapp.settings", "THROTTLE_ANONYMOUS": "4/day"}
    command = [sys.executable, "-c", ASK]
    return subprocess.run(command, env=os.environ | settings | environment, capture_output=True, text=True, check=True)


@pytest.mark.services
def test_processes_that_share_a_redis_count_together(tmp_path):
    with redis(tmp_path) as url:
        said = [process(CACHE_URL=url).stdout.strip() for _ in range(2)]
    assert said == ["[True, True, True]", "[True, False, False]"]
