"""The secret key is created once, and readable by its owner only; an invalid setting stops the start."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.urls import get_resolver

from webapp.core.environment import secret_key


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    first = secret_key(tmp_path)
    assert len(first) >= 50
    assert secret_key(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600


def settings_of(expression, **environment):
    """Print the value of an expression with the settings of an environment."""
    command = [sys.executable, "-c", f"from webapp import settings; print({expression})"]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_no_site_shows_what_failed_unless_it_is_told_to():
    assert settings_of("settings.DEBUG").stdout == "False\n"
    assert settings_of("settings.DEBUG", DEBUG="1").stdout == "True\n"


def test_uploads_lie_outside_what_is_served():
    folders = [
        Path(line) for line in settings_of("settings.MEDIA_ROOT, settings.STATIC_ROOT, sep='\\n'").stdout.split()
    ]
    uploads, static = folders
    assert not uploads.is_relative_to(static)
    assert not static.is_relative_to(uploads)
    served = {str(pattern.pattern) for pattern in get_resolver().url_patterns}
    assert not [path for path in served if "media" in path or "uploads" in path]


def test_as_many_proxies_are_trusted_as_the_environment_says():
    counts = "settings.REST_FRAMEWORK['NUM_PROXIES'], settings.ALLAUTH_TRUSTED_PROXY_COUNT"
    assert settings_of(counts).stdout == "0 0\n"
    assert settings_of(counts, TRUSTED_PROXIES="2").stdout == "2 2\n"


def test_a_connection_whose_server_vanished_is_given_up_and_both_hosts_of_a_pair_are_asked():
    """Options of DATABASE_URL reach the driver, beside the time limits, which it may change."""
    both = "host=a,b&port=5432,5433&target_session_attrs=read-write&connect_timeout=2"
    read = "*(settings.DATABASES['default']['OPTIONS'][name] for name in (%s)), settings.DATABASES['default']['HOST']"
    names = "'host', 'port', 'target_session_attrs', 'connect_timeout', 'tcp_user_timeout'"
    told = settings_of(read % names, DATABASE_URL=f"postgresql://me@/sky?{both}")
    assert told.stdout == "a,b 5432,5433 read-write 2 20000 \n"


def test_the_server_gives_up_a_client_that_vanished_unless_a_pooler_stands_between():
    read = "settings.DATABASES['default']['OPTIONS'].get('options', '').split()"
    assert "tcp_keepalives_idle=10" in settings_of(read).stdout
    assert settings_of(read, PREPARE_STATEMENTS="off").stdout == "[]\n"


def test_keys_of_before_are_given_in_the_environment_or_in_a_file_and_an_empty_one_is_none(tmp_path):
    """A key in a file counts with the line break at its end, and an old one as it counted."""
    read, both = "settings.SECRET_KEY_FALLBACKS", "['first', 'first\\n', 'second', 'second\\n']\n"
    (tmp_path / "old").write_text("first,second\n")
    assert settings_of(read).stdout == settings_of(read, SECRET_KEY_FALLBACKS=",").stdout == "[]\n"
    assert settings_of(read, SECRET_KEY_FALLBACKS="first,second").stdout == both
    assert settings_of(read, SECRET_KEY_FALLBACKS_FILE=str(tmp_path / "old")).stdout == both


def test_mail_is_sent_as_its_address_says():
    names = ("BACKEND", "HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS")
    read = ", ".join(f"settings.EMAIL_{name}" for name in names) + ", settings.DEFAULT_FROM_EMAIL"
    told = settings_of(read, EMAIL_URL="submission://sky:p%40ss@mail.example", DEFAULT_FROM_EMAIL="sky@example.org")
    server = "django.core.mail.backends.smtp.EmailBackend mail.example 587 sky p@ss True sky@example.org"
    assert told.stdout == f"{server}\n"


UNUSABLE = [
    ("JOB_LEASE_SECONDS", "0"),
    ("LOG_LEVEL", "LOUD"),
    ("DATABASE_URL", "mysql://host/name"),
    ("TRUSTED_PROXIES", "-1"),
    ("CACHE_URL", "radio://host"),
    ("EMAIL_URL", "pigeon://host"),
    ("LEASE_MINUTES", "0"),
    ("MAX_UPLOAD_MB", "-5"),
    ("SWEEP_SECONDS", "0"),
    ("THROTTLE_PAGES", "1/fortnight"),
    ("THROTTLE_USER", "many"),
    ("WEB_THREADS", "four"),
]


@pytest.mark.parametrize(("name", "value"), UNUSABLE)
def test_a_setting_that_cannot_be_used_stops_the_start_with_a_sentence(name, value):
    stopped = settings_of("'started'", **{name: value})
    assert (stopped.returncode, stopped.stdout) == (1, "")
    assert f'"{name}"' in stopped.stderr
    assert "Correct that variable and start again." in stopped.stderr
