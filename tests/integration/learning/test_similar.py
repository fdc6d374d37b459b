"""A subject's page: one's own answer, the others' once answered, similar subjects, and a card to share."""

import numpy as np
import pytest
from django.conf import settings
from django.core.cache import cache

from ml.storage.pixel_store import PixelStore
from tests.integration.learning import sky
from tests.integration.people import HTMX, account, browser, member
from tests.integration.world import vote
from webapp.learning.similar import similar_subjects
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db
KEY = "0" * 16


@pytest.fixture
def workflow(db):
    cache.clear()
    workflow = sky.workflow(sky.survey("night"), undo_seconds=0)
    sky.queue(workflow, sky.subjects(workflow.survey, [True, False] * 5))
    return workflow


@pytest.fixture
def rows(workflow):
    return list(workflow.survey.subjects.order_by("zarr_index"))


@pytest.fixture
def features(workflow, rows):
    """Features at equal angles on a circle, so that neighbours are the most alike; one is missing."""
    sky.checkpoint(workflow, is_champion=True, manifest={"feature_key": KEY})
    store_features(rows)


def store_features(rows):
    angles = np.arange(len(rows)) * np.pi / len(rows)
    values = np.stack([np.cos(angles), np.sin(angles)], axis=1)[:, None].astype(np.float16)
    values[3] = np.nan
    PixelStore(settings.PIXELS).write_features("night", rows[0].zarr_array, KEY, 0, values * 7)


def page_of(reader, row):
    return reader.get(f"/surveys/night/subjects/{row.pk}/").content.decode()


def test_the_nearest_in_features_come_first(features, rows):
    assert similar_subjects(rows[0])[:3] == [rows[1], rows[2], rows[4]]
    assert rows[3] not in similar_subjects(rows[0])
    assert similar_subjects(rows[3]) == []


def test_without_a_champion_or_features_nothing_is_similar(workflow, rows):
    assert similar_subjects(rows[0]) == []
    sky.checkpoint(workflow, is_champion=True, manifest={"feature_key": KEY})
    assert similar_subjects(rows[0]) == []


def test_a_page_that_was_read_before_the_champion_had_features_shows_them_soon_after(workflow, rows):
    sky.checkpoint(workflow, is_champion=True, manifest={"feature_key": KEY})
    assert similar_subjects(rows[0]) == []
    store_features(rows)
    assert similar_subjects(rows[0])[0] == rows[1]


def test_similar_subjects_and_answers_are_for_who_has_answered(workflow, features, rows):
    ada, stranger = account("ada"), browser(account("stranger"))
    vote(account_volunteer(ada), workflow, rows[0], "no")
    vote(account_volunteer(account("ben")), workflow, rows[0], "yes")
    address = f"/surveys/night/learning/similar/{rows[0].pk}/"
    for reader in (stranger, browser()):
        assert "/subjects/" not in reader.get(address, headers=HTMX).content.decode()
        assert "all volunteers" not in page_of(reader, rows[0])
    assert browser(ada).get(address, headers=HTMX).content.decode().count("/subjects/") == 8
    own = page_of(browser(ada), rows[0])
    assert "You said no" in own
    assert "all volunteers: 1 yes, 1 no" in own
    others = page_of(browser(member(workflow.survey, "scientist")), rows[0])
    assert "You said" not in others
    assert "all volunteers: 1 yes, 1 no" in others
    assert "still open" in others


def test_the_page_of_a_gold_subject_does_not_call_it_open(workflow, rows):
    ada = account("ada")
    rows[0].gold_label = "no"
    rows[0].save()
    workflow.queue.filter(subject=rows[0]).update(is_gold=True)
    vote(account_volunteer(ada), workflow, rows[0], "no")
    page = page_of(browser(ada), rows[0])
    assert "all volunteers: 0 yes, 1 no, 0 unsure · a practice image, which is never retired" in page
    assert "still open" not in page
    assert "a gold subject, which is never retired" in page_of(browser(member(workflow.survey, "scientist")), rows[0])


def test_the_card_to_share_gives_no_answer_away(workflow, rows):
    workflow.survey.leaky_columns = {"external_id": 1.0}
    workflow.survey.save()
    head = page_of(browser(), rows[0]).partition("</head>")[0]
    assert f'property="og:image" content="http://testserver/pixels/{rows[0].pk}/' in head
    assert 'property="og:description"' in head
    assert f"<title>{rows[0].pk} ·" in head  # a number, since the name gives the class away
