"""The demonstration's accounts: its admin can try all of a fresh site, and gets nothing more on one in use."""

import pytest
from django.contrib.auth.models import User

from tests.integration.learning import sky
from webapp.console.demo.setup import make_accounts

pytestmark = pytest.mark.django_db


def test_the_admin_of_a_fresh_site_administers_it(client):
    survey = sky.survey("night")
    for _again in range(2):
        accounts = {account.name: account.password for account in make_accounts([survey])}
    assert client.login(username="demo-admin", password=accounts["demo-admin"])
    assert client.get("/status/").status_code == client.get("/users/").status_code == 200
    assert "New survey" in client.get("/").content.decode()
    assert list(User.objects.filter(is_superuser=True).values_list("username", flat=True)) == ["demo-admin"]


def test_a_site_in_use_gets_no_further_administrator(django_user_model):
    django_user_model.objects.create_superuser("ann")
    make_accounts([sky.survey("night")])
    assert list(User.objects.filter(is_superuser=True).values_list("username", flat=True)) == ["ann"]
