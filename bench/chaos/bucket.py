"""An S3 server with one bucket, for the pixels of a site whose servers are apart."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3

START_SECONDS = 60.0
NAME = "chaos"


class Bucket:
    """moto's server, in memory."""

    def __init__(self, folder: Path, port: int) -> None:
        self.environment = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        with (folder / "bucket.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        os.environ |= self.environment
        self._make(port)
        self.environment |= {"PIXELS": f"s3://{NAME}/pixels"}

    @property
    def pid(self) -> int:
        return self.process.pid

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def _make(self, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:  # it is still starting
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        boto3.client("s3").create_bucket(Bucket=NAME)
