"""Somebody stores a row that rests on a subject's pixels just as retention would drop them: they stay."""

import pytest
from django.db import transaction

from tests.integration.at_once import beside
from tests.integration.learning import sky
from tests.integration.people import member
from tests.integration.retention.test_drop_pixels import cleaned, settled
from webapp.community.collections import collect, open_collection
from webapp.community.favourites import favour
from webapp.community.tags import tag
from webapp.community.talk import post_comment
from webapp.review.cases import change_case
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db(transaction=True)

RESTS = {
    "favourite": lambda user, row: favour(account_volunteer(user), row),
    "collection": lambda user, row: collect(open_collection(owner=account_volunteer(user), name="Odd"), [row.pk]),
    "comment": lambda user, row: post_comment(user=user, subject=row, text="A ghost?"),
    "tag": lambda user, row: tag(user=user, subject=row, name="ghost"),
    "case": lambda user, row: change_case(subject=row, by=user, action="hold"),
}


@pytest.mark.parametrize("store", RESTS.values(), ids=RESTS)
def test_pixels_on_which_something_is_being_stored_stay(store):
    survey = sky.survey("night", drop_bogus_after=30, keep_bogus=0)
    workflow, user = sky.workflow(survey, min_votes=3), member(survey, "scientist", "sue")
    [row] = settled(workflow, sky.subjects(survey, [0]))
    retention = beside(lambda: cleaned(survey))
    with transaction.atomic():
        store(user, row)
        retention.start()
        retention.join()
    row.refresh_from_db()
    assert row.pixels_dropped_at is None
