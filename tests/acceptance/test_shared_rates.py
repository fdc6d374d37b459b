"""Several processes count rates and failed sign-ins together, without Redis: two give nobody twice the tries."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

pytestmark = pytest.mark.django_db(transaction=True)

ASK = """
import django
django.setup()
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory
from webapp.api.defaults import AnonymousThrottle
request = Request(APIRequestFactory().get("/"))
print([AnonymousThrottle().allow_request(request, None) for _ in range(3)])
"""
SIGN_IN = """
import sys
import django
from django.conf import settings
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # as the test's process has it
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
django.setup()
from django.test import Client
asked = [Client().post("/accounts/login/", {"login": "ada", "password": word}) for word in sys.argv[1:]]
print([reply.status_code == 302 for reply in asked], ["Too many" in reply.content.decode() for reply in asked])
"""


def process(program, *arguments, **environment):
    """Run a program of the site in a process of its own, on the test's database; return what it says."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    settings = {"DJANGO_SETTINGS_MODULE": "webapp.settings", "DATABASE_URL": database, "ALLOWED_HOSTS": "testserver"}
    command = [sys.executable, "-c", program, *arguments]
    ended = subprocess.run(
        command, env=os.environ | settings | environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_processes_count_requests_together():
    said = [process(ASK, THROTTLE_ANONYMOUS="4/day") for _ in range(2)]
    assert said == ["[True, True, True]", "[True, False, False]"]


def test_who_guesses_at_two_processes_has_no_more_tries_than_at_one():
    get_user_model().objects.create_user("ada", "ada@example.org", "correct horse battery")
    first = process(SIGN_IN, "wrong 1", "wrong 2", "wrong 3", "wrong 4")
    assert first == "[False, False, False, False] [False, False, False, False]"
    second = process(SIGN_IN, "wrong 5", "wrong 6", "correct horse battery")
    assert second == "[False, False, False] [False, True, True]"
