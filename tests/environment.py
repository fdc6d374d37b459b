"""Loaded by pytest before Django reads its settings: a data folder and a database for the tests."""

import gc
import hashlib
import os
import sys
import tempfile
from pathlib import Path

import pytest

from webapp.core import embedded_postgres

# A site under test is half a dozen processes: compiling every library anew for each takes longer than what they do.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

_checkout = hashlib.blake2b(str(Path(__file__).resolve()).encode(), digest_size=6).hexdigest()
os.environ["WANDERERS_DATA"] = str(Path(tempfile.gettempdir()) / f"wanderers-tests-{os.getuid()}-{_checkout}")
(Path(os.environ["WANDERERS_DATA"]) / "static").mkdir(parents=True, exist_ok=True)  # whitenoise warns without it
# Whenever pytest starts as root it shuts its usual folder to all others, among them the database of a run elsewhere.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(Path(tempfile.gettempdir()) / f"wanderers-{_checkout}"))
Path(os.environ["PYTEST_DEBUG_TEMPROOT"]).mkdir(exist_ok=True)
os.environ.setdefault("WANDERERS_CACHE", str(Path(os.environ["WANDERERS_DATA"]) / "cache"))
# A choice measured beside other tests would differ between runs, and with it the last digits of what is trained.
os.environ.setdefault("WANDERERS_TRAINING_THREADS", "1")
os.environ.setdefault("WANDERERS_PRECISION", "float32")
os.environ.setdefault("WANDERERS_MEMORY_FORMAT", "channels_last")
os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ.setdefault("THROTTLE_NEWCOMERS", "1000000/hour")  # every test's browser is a newcomer from one address
os.environ.setdefault("THROTTLE_PAGES", "1000000/min")
os.environ.setdefault("THROTTLE_WRITES", "1000000/min")
os.environ.setdefault("THROTTLE_DOWNLOADS", "1000000/min")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("MIN_FREE_PERCENT", "0")  # whatever else fills the disk of the machine that tests
embedded_postgres.SETTINGS["fsync"] = "off"  # tests' data need not survive a power cut
embedded_postgres.ensure()


@pytest.hookimpl(tryfirst=True)
def pytest_collection():
    gc.disable()  # until all tests are known: what importing them makes is kept, and searching it takes seconds


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop():
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)  # after every 700 objects, a tenth of the processor's time goes into the search
    gc.enable()
