"""The secret key is changed without signing anybody out, as long as the old one is a fallback."""

import pytest
from django.contrib.auth.hashers import make_password
from django.core import signing
from django.test import Client

from tests.integration.people import account, is_signed_in, signed_in

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-and-odd-sentence"


@pytest.fixture
def client():
    account("ada", password=make_password(PASSWORD))
    return signed_in("ada", PASSWORD)


@pytest.fixture
def change(settings):
    """Change the key; the old one counts further only if it `is_fallback`."""

    def to_another(*, is_fallback):
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if is_fallback else []
        settings.SECRET_KEY = "another-" + settings.SECRET_KEY

    return to_another


def test_who_is_signed_in_stays_so_while_the_old_key_counts(client, change, settings):
    change(is_fallback=True)
    assert is_signed_in(client)
    settings.SECRET_KEY_FALLBACKS = []
    assert is_signed_in(client), "the session was signed with the new key when it was used"


def test_without_the_old_key_everybody_signs_in_again(client, change):
    change(is_fallback=False)
    assert not is_signed_in(client)


def test_links_that_were_mailed_still_work_while_the_old_key_counts(change, settings):
    link = f"/mail/stop/{signing.dumps(account('ada').pk, salt='webapp.community.news_mail')}/"
    change(is_fallback=True)
    assert Client().post(link).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert Client().post(link).status_code == 404
