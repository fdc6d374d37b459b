"""The source of a frame's time is stored in English and shown in the reader's language."""

import pytest
from django.utils import translation

from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.archive.models import Frame
from webapp.archive.time_source import time_source_in_words

GERMAN = {
    "%(name)s of the manifest": "%(name)s aus dem Manifest",
    "(start; no %(name)s)": "(Beginn; ohne %(name)s)",
    "(no %(name)s)": "(ohne %(name)s)",
    ", %(name)s to UTC": ", von %(name)s nach UTC",
}
SOURCES = [
    ("", ""),
    ("MJD-OBS + EXPTIME/2", "MJD-OBS + EXPTIME/2"),
    ("mjd of the manifest", "mjd aus dem Manifest"),
    ("mjd12 of the manifest", "mjd12 aus dem Manifest"),
    ("MJD-OBS (start; no EXPTIME), TAI to UTC", "MJD-OBS (Beginn; ohne EXPTIME), von TAI nach UTC"),
    ("jd, TAI to UTC + 15 s (no exptime)", "jd, von TAI nach UTC + 15 s (ohne exptime)"),
]


@pytest.mark.parametrize(("stored", "shown"), SOURCES)
def test_notes_are_translated_and_keywords_are_not(monkeypatch, stored, shown):
    assert time_source_in_words(stored) == stored
    monkeypatch.setattr(translation._trans, "gettext", lambda text: GERMAN[text])
    assert time_source_in_words(stored) == shown


@pytest.mark.django_db
def test_the_subjects_page_says_it_in_the_readers_language(monkeypatch):
    survey = sky.survey("night")
    [row] = sky.subjects(survey, [True])
    Frame.objects.update_or_create(subject=row, position=0, defaults={"mjd_keyword": "mjd1 of the manifest"})
    client, address = browser(member(survey, "scientist")), f"/surveys/night/subjects/{row.pk}/"
    assert "<td>mjd1 of the manifest</td>" in client.get(address).content.decode()
    gettext = translation._trans.gettext
    monkeypatch.setattr(translation._trans, "gettext", lambda text: GERMAN.get(text) or gettext(text))
    assert "<td>mjd1 aus dem Manifest</td>" in client.get(address).content.decode()
