"""Accounts, each with a signed-in browser."""

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.test import Client

from webapp.archive.models import Membership, Survey

HTMX = {"HX-Request": "true"}
"""The headers with which a page asks for a part of itself."""


def account(name, **fields):
    """Make an account, without a password unless it is given: it is then never asked for one."""
    return get_user_model().objects.create(**{"username": name, "password": make_password(None)} | fields)


def member(survey, role, name=None):
    user = account(name or f"{role}-of-{survey.slug}")
    Membership.objects.create(user=user, survey=survey, role=role)
    return user


def browser(user=None):
    client = Client()
    if user:
        client.force_login(user)
    return client


def signed_in(name, password, client=None):
    """Sign in by the form."""
    client = client or Client()
    client.post("/accounts/login/", {"login": name, "password": password})
    return client


def is_signed_in(client):
    return client.get("/you/").status_code == 200


def others(survey):
    """Everybody who lacks an admin's permissions: a colleague, a stranger, another survey's admin, nobody."""
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    people = [member(survey, "scientist"), account("stranger"), member(elsewhere, "admin")]
    return [*(browser(user) for user in people), browser()]
