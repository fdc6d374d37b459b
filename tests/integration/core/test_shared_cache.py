"""The cache in a real Redis: it keeps what the site puts there, and trusts nobody else who writes to it."""

import os
import pickle
import subprocess
import sys

import pytest
from django.core.cache import caches
from redis import Redis

from tests.acceptance import brokers
from webapp.core.environment import ROOT


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def url(tmp_path):
    with brokers.redis(tmp_path) as url:
        yield url


@pytest.fixture
def cache(url, settings):
    settings.CACHES = {"default": {"BACKEND": "webapp.core.shared_cache.SignedRedis", "LOCATION": url}}
    return caches["default"]


@pytest.mark.parametrize("value", [("figure", 1.5), {"a": [1, None]}, b"12", "12", True, 7, -3, 10**30])
def test_a_value_comes_back_as_it_was(cache, value):
    cache.set("key", value)
    back = cache.get("key")
    assert (back, type(back)) == (value, type(value))


def test_redis_counts(cache):
    cache.add("count", 1)
    assert not cache.add("count", 1)
    assert (cache.incr("count"), cache.get("count")) == (2, 2)


def test_what_somebody_else_writes_is_not_run_but_missing(cache, url, tmp_path):
    trap = pickle.dumps(Trap(tmp_path / "caught"))
    cache.set("key", "mine")
    mine = Redis.from_url(url).get(":1:key")
    for planted in (trap, b"x" * 32 + trap, mine[:32] + trap, mine[:-1] + b"!", mine[:20], b""):
        Redis.from_url(url).set(":1:key", planted)
        assert cache.get("key", "missing") == "missing"
    assert not (tmp_path / "caught").exists()
    cache.set("key", "mine again")
    assert cache.get("key") == "mine again"


def test_values_from_before_the_secret_key_was_changed_are_missing(cache, settings):
    cache.set("key", "mine")
    settings.SECRET_KEY *= 2
    assert cache.get("key") is None


def test_a_site_with_redis_as_its_cache_signs(url, tmp_path):
    told = os.environ | {"CACHE_URL": url, "DJANGO_SETTINGS_MODULE": "webapp.settings", "WANDERERS_DATA": str(tmp_path)}
    ask = "from django.core.cache import cache; cache.set('key', 'mine'); print(cache.get('key'))"
    said = subprocess.run([sys.executable, "-c", ask], env=told, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.stdout == "mine\n", said.stderr
    assert not Redis.from_url(url).get(":1:key").startswith(pickle.dumps("mine", 5)[:2])
