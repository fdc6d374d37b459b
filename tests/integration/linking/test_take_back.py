"""A confirmed link between nights can be taken back: its tracklets are different objects again, and all is recorded."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from tests.integration.learning import sky
from tests.integration.linking.searching import NIGHT, confirm, search
from tests.integration.people import account, browser, member
from webapp.archive.models import Subject
from webapp.linking.decisions import reopen
from webapp.linking.linked_objects import take_back
from webapp.linking.models import Decision, LinkRun, Links, Proposal, ProposalEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def tracklets():
    """Three tracklets of a survey with a scientist."""
    survey = sky.survey()
    member(survey, "scientist", "ann")
    return sky.subjects(survey, [True] * 3, kind="tracklet", frames=2, prefix="t")


def propose(*subjects):
    survey = subjects[0].survey
    run, _ = LinkRun.objects.get_or_create(
        survey=survey, links=Links.TRACKLETS, first_mjd=NIGHT, last_mjd=NIGHT + 1, state="done"
    )
    proposal = Proposal.objects.create(run=run, mjd=NIGHT, ra=0, dec=0, rate=30, position_angle=0, misfit=1)
    proposal.members.set(subjects)
    return proposal


def link(*subjects):
    """Confirm that tracklets are one object; return the proposal."""
    proposal = propose(*subjects)
    confirm(subjects[0].survey, proposal)
    return proposal


def undo(proposal, reason="The third frame is a star."):
    survey = proposal.run.survey
    take_back(survey=survey, proposal=proposal.pk, by=survey.memberships.first().user, reason=reason)


def objects(tracklets):
    """Return which tracklets are one object, by their places."""
    groups = [Subject.objects.get(pk=row.pk).object_group for row in tracklets]
    return [groups.index(group) for group in groups]


def test_without_its_link_each_tracklet_is_what_it_was(tracklets):
    before = [row.object_group for row in tracklets]
    proposal = link(*tracklets[:2])
    assert objects(tracklets) == [0, 0, 2]
    undo(proposal)
    rows = Subject.objects.order_by("pk")
    assert list(rows.values_list("object_group", "own_group")) == [(group, None) for group in before]
    proposal.refresh_from_db()
    assert proposal.decision == Decision.REJECTED


@pytest.mark.parametrize(("taken", "left"), [(0, [0, 1, 1]), (1, [0, 0, 2]), (2, [0, 0, 0])])
def test_what_other_confirmed_links_join_stays_one_object(tracklets, taken, left):
    one, two, three = tracklets
    links = [link(one, two), link(two, three), link(one, three)]
    if taken < 2:
        undo(links[2])
    undo(links[taken])
    assert objects(tracklets) == left


def test_the_record_says_who_decided_what_and_why_and_the_link_can_be_confirmed_again(tracklets):
    survey, proposal = tracklets[0].survey, link(*tracklets[:2])
    ann, ben = survey.memberships.get().user, member(survey, "scientist", "ben")
    take_back(survey=survey, proposal=proposal.pk, by=ben, reason=" A satellite. ")
    assert reopen(survey=survey, proposal=proposal.pk, by=ann)
    confirm(survey, proposal)
    assert list(ProposalEvent.objects.values_list("by__username", "action", "reason")) == [
        ("ann", "confirm", ""),
        ("ben", "take-back", "A satellite."),
        ("ann", "reopen", ""),
        ("ann", "confirm", ""),
    ]
    assert objects(tracklets) == [0, 0, 2]


@pytest.mark.parametrize("reason", ["", "  \0", "x" * 501])
def test_without_a_reason_nothing_changes(tracklets, reason):
    proposal = link(*tracklets[:2])
    with pytest.raises(ValidationError, match="Give a reason"):
        undo(proposal, reason)
    assert (objects(tracklets), ProposalEvent.objects.count()) == ([0, 0, 2], 1)


def test_it_is_taken_back_once_and_only_if_what_it_joined_is_known(tracklets):
    proposal = link(*tracklets[:2])
    Subject.objects.update(own_group=None)
    with pytest.raises(ValidationError, match="before the site kept what it joined"):
        undo(proposal)
    proposal = link(*tracklets[1:])
    undo(proposal)
    with pytest.raises(ValidationError, match="not confirmed"):
        undo(proposal)
    assert objects(tracklets) == [0, 0, 2]


def test_a_link_of_detections_stays(survey):
    proposal = search(survey).proposals.first()
    confirm(survey, proposal)
    with pytest.raises(ValidationError, match="not confirmed"):
        undo(proposal)
    page = browser(survey.memberships.first().user).get(reverse("linking", args=["night"])).content.decode()
    assert reverse("linking-take-back", args=["night", proposal.pk]) not in page


def test_the_page_asks_first_and_tells_the_history(tracklets):
    survey, proposal = tracklets[0].survey, link(*tracklets[:2])
    client = browser(survey.memberships.get().user)
    page, act = (reverse("linking", args=[survey.slug]), reverse("linking-take-back", args=[survey.slug, proposal.pk]))
    assert act in client.get(page).content.decode()
    assert "Give a reason" in client.post(act, follow=True).content.decode()
    told = client.post(act, {"reason": "<b>A satellite"}, follow=True).content.decode()
    assert "The link is taken back" in told
    assert "taken back: ann" in told
    assert "&lt;b&gt;A satellite" in told
    assert act not in told
    assert objects(tracklets) == [0, 1, 2]


def test_strangers_take_nothing_back(tracklets):
    survey, proposal = tracklets[0].survey, link(*tracklets[:2])
    elsewhere = sky.survey("elsewhere")
    act = reverse("linking-take-back", args=[survey.slug, proposal.pk])
    for user in (account("stranger"), member(survey, "moderator"), member(elsewhere, "admin")):
        assert browser(user).post(act, {"reason": "x"}).status_code == 403
    browser(member(elsewhere, "scientist")).post(
        reverse("linking-take-back", args=["elsewhere", proposal.pk]), {"reason": "x"}
    )
    assert (objects(tracklets), ProposalEvent.objects.count()) == ([0, 0, 2], 1)


def test_older_decisions_are_on_further_pages(tracklets, monkeypatch):
    monkeypatch.setattr("webapp.linking.views.SHOWN", 1)
    first, second = link(*tracklets[:2]), link(*tracklets[1:])
    client, page = (
        browser(tracklets[0].survey.memberships.get().user),
        reverse("linking", args=[tracklets[0].survey.slug]),
    )
    acts = [reverse("linking-take-back", args=[tracklets[0].survey.slug, row.pk]) for row in (first, second)]
    for query, shown in (("", [False, True]), ("?page=2", [True, False])):
        text = client.get(page + query).content.decode()
        assert [act in text for act in acts] == shown


def test_links_of_three_nights_that_are_confirmed_together_make_one_object(tracklets):
    proposals = [propose(*tracklets[1:]), propose(*tracklets[:2])]
    confirm(tracklets[0].survey, *proposals)
    assert objects(tracklets) == [0, 0, 0]
