"""Gold has one name on scientists' pages (gold subject), and one on volunteers' pages (practice image).

All pages of an admin are read in test_translated_pages.py.
"""

import re

import pytest
from django.test import Client

from tests.integration.pages.full_sky import something_on_each_page
from tests.integration.pages.page_texts import texts_of

pytestmark = pytest.mark.django_db

SCIENTISTS = re.compile(r"\bgold\b", re.I)
VOLUNTEERS = re.compile(r"\bpractice (image|subject)", re.I)
NOBODYS = re.compile(r"\b(training|known-class) (image|subject)|\bsubjects? of known class", re.I)


def is_of_scientists(texts):
    return any(map(SCIENTISTS.search, texts))


def mixed(pages):
    """Return the pages, by their texts, that say nobody's word for gold, or both words."""
    return [
        path
        for path, texts in pages.items()
        if any(map(NOBODYS.search, texts)) or (is_of_scientists(texts) and any(map(VOLUNTEERS.search, texts)))
    ]


def test_volunteers_read_of_practice_images_alone():
    survey = something_on_each_page()
    subject = survey.subjects.exclude(gold_label="").first()
    paths = ["", "skill/", "classify/night/", "surveys/night/project/", f"surveys/night/subjects/{subject.pk}/"]
    pages = [" · ".join(texts_of(Client().get(f"/{path}", follow=True).content.decode())) for path in paths]
    assert not [page for page in pages if SCIENTISTS.search(page) or NOBODYS.search(page)]
    assert any(VOLUNTEERS.search(page) for page in pages)
