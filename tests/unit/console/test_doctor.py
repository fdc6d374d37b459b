"""The doctor of a site whose database is away says so, when it is needed most."""

import os
import subprocess
import sys

from webapp.core.environment import ROOT


def test_without_a_database_it_says_what_does_not_answer(tmp_path):
    away = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}
    told = os.environ | away | {"WANDERERS_DATA": str(tmp_path)}
    command = [sys.executable, "manage.py", "doctor"]
    said = subprocess.run(command, env=told, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "The database does not answer." in said.stdout
    assert "The broker does not answer." in said.stdout
    assert "that DATABASE_URL is right." in said.stdout
    assert "Traceback" not in said.stderr
