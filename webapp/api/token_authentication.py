"""Accounts by token, in one statement with all that a volunteer's click needs of them."""

from django.contrib.auth.models import User
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from webapp.accounts.tokens import LIVES, lifetime
from webapp.core.sql import Columns, fetch
from webapp.volunteers.models import Volunteer

USER = Columns(User, "person", "id", "username", "is_active", "is_staff", "is_superuser")
VOLUNTEER = Columns(Volunteer, "volunteer")
SELECT = f"""
    SELECT {USER.sql}, {VOLUNTEER.sql}
    FROM authtoken_token AS token
    JOIN auth_user AS person ON person.id = token.user_id
    LEFT JOIN volunteers_volunteer AS volunteer ON volunteer.user_id = person.id
    WHERE token.key = %s AND {LIVES}
"""  # noqa: S608  # column names of our own models


class VolunteerTokenAuthentication(TokenAuthentication):
    """Accept the same tokens, and bring the account's volunteer along."""

    def authenticate_credentials(self, key: str) -> tuple[User, str]:
        """Return the account of the token; raise AuthenticationFailed for one that lives no more."""
        found = fetch(SELECT, [key, lifetime().total_seconds()]) if "\0" not in key else []
        if not found or not (user := USER.build(found[0][: len(USER)])).is_active:
            raise AuthenticationFailed("This token is unknown or has ended, or its account is closed.")
        if found[0][len(USER)] is not None:
            user.volunteer = VOLUNTEER.build(found[0][len(USER) :])
        return user, key
