"""The language that somebody chose goes with them: from the account into each browser that they sign in with."""

from typing import Any

from django.conf import settings
from django.http import HttpResponseBase

from webapp.community.models import Profile
from webapp.community.sign_in import PatientAdapter


def speak(response: HttpResponseBase, language: str) -> None:
    """Have the browser remember the language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )


def forget_language(response: HttpResponseBase) -> None:
    """Leave the choice to what the browser asks for."""
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")


class AccountAdapter(PatientAdapter):
    """Sign-in as allauth does it; then the account's language is this browser's."""

    def post_login(self, request: Any, user: Any, **options: Any) -> Any:
        response = super().post_login(request, user, **options)
        language = Profile.objects.filter(user=user).values_list("language", flat=True).first()
        if response is not None and language:
            speak(response, language)
        return response
