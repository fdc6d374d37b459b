"""The linking page: search, decide, put back; strangers change nothing."""

import re

import pytest
from django.urls import reverse

from tasks.jobs import propose_links
from tests.integration.learning import sky
from tests.integration.linking.searching import build, search
from tests.integration.people import account, browser, member
from webapp.linking.models import LinkRun, Proposal

pytestmark = pytest.mark.django_db
FIELDS = {"links": "detections", "night": "2023-02-25", "nights": "1", "position_error": "0.3", "min_rate": "3"}
FIELDS |= {"max_rate": "600", "min_detections": "4", "tolerance": "1"}


def test_a_scientist_searches_and_decides_by_page(survey):
    client = browser(member(survey, "scientist"))
    address = reverse("linking", args=["night"])
    assert "2023-02-25" in client.get(address).content.decode()
    start = reverse("linking-start", args=["night"])
    wrong = [{"night": "never"}, {"night": "0001-01-01"}, {"max_rate": "2"}, {"min_detections": "2"}, {"nights": "99"}]
    wrong += [{"position_error": "nan"}, {"links": "x"}, {"tolerance": "1e999"}]
    for change in wrong:
        assert client.post(start, FIELDS | change).status_code == 400, change
    assert not LinkRun.objects.exists()
    number = re.search(r'<input type="number" name="min_detections"[^>]*>', client.get(address).content.decode())[0]
    assert ('min="3"' in number, 'max="8"' in number, 'value="4"' in number) == (True, True, True)
    assert "each detection&#x27;s own" in client.get(address).content.decode()
    assert client.post(start, FIELDS).status_code == 302
    assert LinkRun.objects.get().position_error == 0.3
    assert client.post(start, FIELDS).status_code == 400  # one at a time
    propose_links(LinkRun.objects.get().pk)
    page = client.get(address).content.decode()
    assert "New links among 28 detections: 2." in page
    assert 'data-check-all="proposals"' in page
    assert page.count('name="proposals"') == 2
    one, other = Proposal.objects.all()
    decision = reverse("linking-decide", args=["night"])
    client.post(decision, {"proposals": [one.pk], "decision": "confirmed"})
    client.post(decision, {"proposals": [other.pk, "x", "9" * 30], "decision": "rejected"})
    assert [row.decision for row in Proposal.objects.order_by("pk")] == [
        "confirmed" if row == one else "rejected" for row in sorted([one, other], key=lambda row: row.pk)
    ]
    build(survey)
    assert f"linked-{one.pk}" in client.get(address).content.decode()
    client.post(reverse("linking-reopen", args=["night", other.pk]))
    client.post(reverse("linking-reopen", args=["night", one.pk]))  # confirmed: stays
    assert set(Proposal.objects.filter(decision="open")) == {other}


def test_the_form_keeps_what_the_last_search_asked_for(survey):
    client, address = browser(member(survey, "scientist")), reverse("linking", args=["night"])
    assert client.get(address).context["form"]["tolerance"].value() == 5.0  # the turning Earth changes motions
    asked = FIELDS | {"links": "tracklets", "night": "2023-02-20", "nights": "4", "tolerance": "7"}
    assert client.post(reverse("linking-start", args=["night"]), asked).status_code == 302

    def kept():
        form = client.get(address).context["form"]
        return {name: str(form[name].value()) for name in ("links", "night", "nights", "tolerance", "min_detections")}

    assert kept() == {name: asked[name] if name != "tolerance" else "7.0" for name in kept()}
    sky.subjects(survey, [True], mjd=60010.3, prefix="new")
    assert kept()["night"] == "2023-03-07"


@pytest.mark.parametrize(
    ("links", "advice"), [("detections", "Try fewer detections"), ("tracklets", "Try more nights, or velocities")]
)
def test_a_search_that_found_none_says_what_to_try(survey, links, advice):
    client, address = browser(member(survey, "scientist")), reverse("linking", args=["night"])
    assert "Links appear here after a search" in client.get(address).content.decode()
    LinkRun.objects.create(survey=survey, links=links, first_mjd=60000, last_mjd=60001, state="done")
    assert advice in client.get(address).content.decode()


@pytest.mark.parametrize("decision", ["confirmed", "rejected"])
def test_to_decide_on_no_open_link_is_an_error(survey, decision):
    proposal = search(survey).proposals.first()
    client, address = browser(member(survey, "scientist", "colleague")), reverse("linking-decide", args=["night"])

    def said(**chosen):
        page = client.post(address, {"decision": decision, **chosen}, follow=True)
        return [(message.level_tag, message.message) for message in page.context["messages"]]

    assert said() == [("error", "Choose at least one link.")]
    assert said(proposals=[proposal.pk])[0][0] == "success"
    assert said(proposals=[proposal.pk]) == [
        ("error", "Somebody has decided on these links already. Nothing has changed.")
    ]


def test_an_empty_error_leaves_each_detection_its_own(survey):
    client = browser(member(survey, "scientist"))
    assert client.post(reverse("linking-start", args=["night"]), FIELDS | {"position_error": ""}).status_code == 302
    assert LinkRun.objects.get().position_error is None


def test_strangers_and_volunteers_get_403_and_change_nothing(survey):
    proposal = search(survey).proposals.first()
    elsewhere = sky.survey("elsewhere")
    people = [account("stranger"), member(survey, "volunteer"), member(survey, "moderator"), member(elsewhere, "admin")]
    body = {"proposals": [proposal.pk], "decision": "confirmed"}
    for user in people:
        client = browser(user)
        assert client.get(reverse("linking", args=["night"])).status_code == 403
        assert client.post(reverse("linking-start", args=["night"]), FIELDS).status_code == 403
        assert client.post(reverse("linking-decide", args=["night"]), body).status_code == 403
        assert client.post(reverse("linking-reopen", args=["night", proposal.pk])).status_code == 403
    browser(people[-1]).post(reverse("linking-decide", args=["elsewhere"]), body)  # through their own survey
    proposal.refresh_from_db()
    assert (proposal.decision, LinkRun.objects.count()) == ("open", 1)


def test_a_page_of_proposals_costs_few_queries(survey, django_assert_max_num_queries):
    search(survey)
    client = browser(survey.memberships.first().user)
    with django_assert_max_num_queries(25):
        client.get(reverse("linking", args=["night"]))
