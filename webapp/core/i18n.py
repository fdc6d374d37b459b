"""Languages of the site: locale middleware, and the message catalog for scripts."""

import hashlib
from functools import cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language, override
from django.views.i18n import JavaScriptCatalog

YEAR = 365 * 24 * 3600


class LanguageMiddleware(LocaleMiddleware):
    """Use the language of the cookie, else the browser's preference."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Leave pixels unchanged: they have no language, and caches need only one copy."""
        if "immutable" in response.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)


class Texts(JavaScriptCatalog):
    """`gettext`, `ngettext` and `interpolate` for scripts, with one language's texts.

    The URL contains the language and the version of the texts, so browsers may cache it forever.
    """

    def get(self, request: HttpRequest, *args: Any, language: str, version: str, **options: Any) -> HttpResponse:
        if language not in dict(settings.LANGUAGES):
            raise Http404("The site does not speak this language.")
        with override(language):
            response = super().get(request, *args, **options)
        if version == texts_version():
            patch_cache_control(response, public=True, max_age=YEAR, immutable=True)
        return response


@cache
def texts_version() -> str:
    """Return a hash of the compiled texts, which change only with a release."""
    digest = hashlib.blake2b(digest_size=6)
    for folder in settings.LOCALE_PATHS:
        for path in sorted(folder.glob("*/LC_MESSAGES/djangojs.mo")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def texts(request: HttpRequest) -> dict[str, str]:
    """Template context: the URL of the scripts' texts in the page's language."""
    spoken = dict(settings.LANGUAGES)
    language = get_language() or settings.LANGUAGE_CODE
    language = language if language in spoken else settings.LANGUAGE_CODE
    return {"texts_address": reverse("texts", kwargs={"language": language, "version": texts_version()})}
