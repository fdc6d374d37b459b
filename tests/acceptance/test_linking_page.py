"""The linking page shows what a search proposes as soon as it ends."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.linking.models import LinkRun, Proposal

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def propose(run):
    row = Proposal.objects.create(run=run, mjd=60000.3, ra=1, dec=20, rate=30, position_angle=90, misfit=1)
    row.members.set(run.survey.subjects.all())


def test_links_appear_when_the_search_ends_and_a_choice_stays_until_then(open_page):
    survey = sky.survey("night")
    sky.subjects(survey, [True] * 3)
    earlier = LinkRun.objects.create(survey=survey, first_mjd=60000, last_mjd=60001, state="done")
    propose(earlier)
    run = LinkRun.objects.create(survey=survey, first_mjd=60001, last_mjd=60002, state="running")
    page = open_page("/surveys/night/linking/", user=member(survey, "scientist"))
    proposals = page.get_by_role("checkbox", name="Choose link")
    proposals.check()
    for _ in range(2):
        with page.expect_response(lambda response: "hx-request" in response.request.headers):
            pass
    expect(proposals).to_be_checked()
    propose(run)
    LinkRun.objects.filter(pk=run.pk).update(state="done", done=1)
    expect(proposals).to_have_count(2)
    page.get_by_label("Select all").check()
    expect(page.locator("[name=proposals]:checked")).to_have_count(2)
