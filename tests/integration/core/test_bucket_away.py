"""A page gives up on pixels in a bucket whose server takes connections and never answers, within some ten seconds."""

import os
import socket
import subprocess
import sys

import pytest

from webapp.core.environment import ROOT

READ = """
import time
import webapp.asgi
from ml.storage.pixel_store import PixelStore
from webapp.core.disks import is_bucket_away
begun = time.monotonic()
try:
    PixelStore("s3://sky/pixels").get("atlas", "1x1x8x8-float32", 0)
except Exception as error:
    print(is_bucket_away(error), time.monotonic() - begun)
"""


@pytest.mark.django_db
def test_a_page_waits_for_a_bucket_that_hangs_for_some_seconds_only(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        own = os.environ | {"PIXELS": "s3://sky/pixels", "WANDERERS_DATA": str(tmp_path), "AWS_DEFAULT_REGION": "x"}
        own |= {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "mine", "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        own["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-c", READ]
        told = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=100, check=False)
    is_away, seconds = told.stdout.split()
    assert is_away == "True"
    assert float(seconds) < 13, told.stderr
