"""Test users with roles; their password is their name."""

from django.contrib.auth import get_user_model

from webapp.archive.models import Membership


def member(survey, role):
    user = get_user_model().objects.create_user(role, password=role)
    Membership.objects.create(user=user, survey=survey, role=role)
    return user
