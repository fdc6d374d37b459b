"""An unreadable pixel store is reported by `manage.py check` and by `up`, before the first picture."""

import sys

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from fsspec.registry import _registry

from webapp.console.management.commands import up


@pytest.mark.parametrize("address", ["/var/pixels", "s3://bucket/pixels", "memory://pixels"])
def test_a_place_that_can_be_read_passes(settings, address):
    settings.PIXELS = address
    call_command("check", tags=["pixels"])


def test_a_bucket_without_its_library_is_an_error_that_names_the_extra(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(_registry, "s3", raising=False)
    settings.PIXELS = "s3://bucket/pixels"
    with pytest.raises(SystemCheckError, match="--extra s3"):
        call_command("check", tags=["pixels"])
    with pytest.raises(SystemCheckError, match="--extra s3"):
        up.Command().check(tags=up.Command.requires_system_checks)


def test_an_address_that_nothing_reads_is_an_error(settings):
    settings.PIXELS = "ftq://bucket/pixels"
    with pytest.raises(SystemCheckError, match="ftq://, which fsspec does not know"):
        call_command("check", tags=["pixels"])
