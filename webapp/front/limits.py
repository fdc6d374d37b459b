"""Request size and time limits, by address and, where files are taken, by who sends them."""

import re
from importlib import import_module
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.wsgi import WSGIRequest
from django.urls import Resolver404, resolve

from webapp.archive.uploads import AROUND, may_send_files
from webapp.front.body import Terms

FILES = re.compile(r"/surveys/[-\w]+/(ingest/start|guides/images|exchange/[-\w]+/import)/\Z")
HOUR = 3600.0


def plain_terms() -> Terms:
    """Return what a form or a message may bring."""
    return Terms(largest=settings.DATA_UPLOAD_MAX_MEMORY_SIZE + AROUND, seconds=120.0)


def file_terms() -> Terms:
    """Return what somebody may bring who may send files."""
    return Terms(largest=settings.MAX_UPLOAD + AROUND, seconds=2 * HOUR, rate=32_768.0)


def takes_files(path: str) -> bool:
    """Return whether files are sent to this address; to others only what a form or a message holds."""
    return FILES.match(path) is not None


def is_sent_by_one_who_may(environ: dict[str, Any]) -> bool:
    """Return whether the person may send files there, by the cookie of their session, before anything is read."""
    request = WSGIRequest(environ | {"wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"})
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    request.user = get_user(request)
    try:
        request.resolver_match = resolve(request.path_info)
    except Resolver404:
        return False
    return may_send_files(request)
