"""The guides to the API name each of its addresses."""

import re

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLResolver

from webapp.core.environment import ROOT

TEXT = "".join((ROOT / "docs" / name).read_text() for name in ("api.md", "exchange.md"))


def addresses(resolver, before=""):
    for each in resolver.url_patterns:
        address = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from addresses(each, address)
        elif address.startswith("api/"):
            yield address


def last_word(address):
    """Return the last part of an address that is no placeholder: `cancel/`, `fits/`, `health`."""
    plain = re.sub(r"\(\?P<[^)]*\)/?|<[^>]*>/?|[\^$]", "", address)
    return re.findall(r"[\w.-]+/?", plain)[-1]


@pytest.mark.parametrize("address", sorted({*addresses(get_resolver())} - {"api/"}))
def test_it_names(address):
    assert re.search(rf"(?<![\w.-]){re.escape(last_word(address))}", TEXT)
