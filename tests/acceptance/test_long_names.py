"""Long names of subjects stay on one line where lines have to be level."""

import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat

from tests.acceptance.people import member
from tests.integration.pages.full_sky import something_on_each_page
from webapp.archive.models import Subject
from webapp.linking.models import Proposal

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "02a-60345-0123-of-the-second-camera-"
LINES = "(links) => links.map((each) => each.getClientRects().length)"


@pytest.fixture
def survey(db):
    survey = something_on_each_page()
    some = list(Subject.objects.filter(survey=survey).order_by("pk").values_list("pk", flat=True))[::3]
    Subject.objects.filter(pk__in=some).update(external_id=Concat(Value(LONG), F("external_id")))
    return survey


@pytest.mark.parametrize("width", [1440, 390])
def test_pictures_of_the_contact_sheet_are_level(survey, open_page, width):
    address = f"/surveys/{survey.slug}/review/?queue=all&state=all&view=sheet"
    page = open_page(address, width=width, user=member(survey, "admin"))
    names = page.locator(".desk.sheet h2 > a")
    assert any(LONG in name for name in names.all_inner_texts())
    heights = names.evaluate_all("(names) => new Set(names.map((each) => each.getBoundingClientRect().height)).size")
    assert heights == 1


@pytest.mark.parametrize("width", [1440, 390])
def test_what_a_link_became_is_one_line(survey, open_page, width):
    made = Subject.objects.filter(external_id__startswith=LONG).first()
    Proposal.objects.filter(decision="confirmed").update(subject=made)
    page = open_page(f"/surveys/{survey.slug}/linking/", width=width, user=member(survey, "admin"))
    assert page.locator(".became a").evaluate_all(LINES) == [1]
