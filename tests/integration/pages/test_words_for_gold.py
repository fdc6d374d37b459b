"""Gold has one name on scientists' pages (gold subject), and one on volunteers' pages (practice image)."""

import re

import pytest
from django.test import Client

from tests.integration.pages.full_sky import something_on_each_page
from tests.integration.pages.test_translated_pages import Words, walk
from tests.integration.people import browser, member

pytestmark = pytest.mark.django_db

SCIENTISTS = re.compile(r"\bgold\b", re.I)
VOLUNTEERS = re.compile(r"\bpractice (image|subject)", re.I)
NOBODYS = re.compile(r"\b(training|known-class) (image|subject)|\bsubjects? of known class", re.I)


def words(page):
    return " · ".join(sorted(Words(page).texts()))


def test_no_page_mixes_two_words_for_gold():
    ada = member(something_on_each_page(), "admin", "ada")
    ada.is_superuser = True
    ada.save()
    pages = dict(walk(browser(ada), "en"))
    assert len(pages) > 30
    assert [path for path, page in pages.items() if NOBODYS.search(words(page))] == []
    both = [path for path, page in pages.items() if SCIENTISTS.search(words(page)) and VOLUNTEERS.search(words(page))]
    assert both == []
    assert any(SCIENTISTS.search(words(page)) for page in pages.values())


def test_volunteers_read_of_practice_images_alone():
    survey = something_on_each_page()
    subject = survey.subjects.exclude(gold_label="").first()
    paths = ["", "skill/", "classify/night/", "surveys/night/project/", f"surveys/night/subjects/{subject.pk}/"]
    pages = [words(Client().get(f"/{path}", follow=True).content.decode()) for path in paths]
    assert not [page for page in pages if SCIENTISTS.search(page) or NOBODYS.search(page)]
    assert any(VOLUNTEERS.search(page) for page in pages)
