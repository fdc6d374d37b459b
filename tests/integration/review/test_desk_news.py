"""Scientists hear in their news of subjects assigned to them, opinions wanted of them, and verdicts that differ."""

import pytest

from tests.integration.people import account, browser, member
from webapp.community.models import Notification
from webapp.review.bulk import change_cases
from webapp.review.bulk_undo import done_by, undo, withdraw_verdicts
from webapp.review.cases import change_case
from webapp.review.models import Ruling
from webapp.review.opinions import ask_about, ask_second_opinion, give_verdict, withdraw_verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(survey):
    return [member(survey, "scientist", name) for name in ("ann", "bob", "cy")]


def news():
    """Return whom the desk told what about which subject, and has not been read."""
    unread = Notification.objects.filter(kind__in=["assigned", "opinion", "conflict"], read_at=None)
    rows = unread.order_by("volunteer__user__username", "pk")
    return [tuple(row) for row in rows.values_list("volunteer__user__username", "kind", "subject")]


def test_who_is_assigned_a_subject_reads_it_with_a_link(subjects, people):
    ann, bob, _cy = people
    first = subjects[0]
    change_case(subject=first, by=ann, action="assign", text="bob")
    change_case(subject=first, by=ann, action="assign", text="bob")
    assert news() == [("bob", "assigned", first.pk)]
    page = browser(bob).get("/you/news/").content.decode()
    assert f'<a href="/surveys/night/subjects/{first.pk}/#verdict">{first.external_id}</a> of night' in page
    assert "was assigned to you" in page
    assert 'id="verdict"' in browser(bob).get(f"/surveys/night/subjects/{first.pk}/").content.decode()


def test_nobody_is_told_what_they_did_themselves_or_what_holds_no_more(subjects, people):
    ann, bob, _cy = people
    change_case(subject=subjects[0], by=ann, action="assign")
    change_case(subject=subjects[0], by=ann, action="hold")
    assert news() == []
    change_case(subject=subjects[1], by=ann, action="assign", text="bob")
    change_case(subject=subjects[1], by=bob, action="assign", text="cy")
    assert news() == [("cy", "assigned", subjects[1].pk)]
    change_case(subject=subjects[1], by=ann, action="unassign")
    assert news() == []


def test_many_at_once_are_one_line_that_leads_to_ones_list(workflow, subjects, people):
    ann, bob, _cy = people
    for chosen in (subjects[:3], subjects[3:]):
        change_cases(workflow, [row.pk for row in chosen], by=ann, action="assign", text="bob")
    assert news() == [("bob", "assigned", None)]
    client = browser(bob)
    page = client.get("/you/news/").content.decode()
    assert "Several subjects" in page
    address = Notification.objects.get().get_absolute_url()
    assert address.replace("&", "&amp;") in page
    listed = client.get(address).content.decode()
    assert all(row.external_id in listed for row in subjects)


def test_an_undone_assignment_is_no_news(workflow, subjects, people):
    events = change_cases(workflow, [subjects[0].pk], by=people[0], action="assign", text="bob")
    undo(workflow, done_by(events), by=people[0])
    assert news() == []


def test_colleagues_are_asked_for_a_second_opinion_and_not_told_the_first(workflow, subjects, people):
    ann, bob, cy = people
    about = {"subject": subjects[0], "workflow": workflow}
    member(workflow.survey, "moderator", "mia")
    account("stranger")
    give_verdict(**about, scientist=ann, verdict="yes", label="AST", note="three frames")
    ask_second_opinion(**about, by=cy)
    assert news() == [("bob", "opinion", subjects[0].pk)]
    page = browser(bob).get("/you/news/").content.decode()
    line = page.split('class="unread"')[1].split("</li>")[0]
    assert "A second opinion on" in line
    assert f"/surveys/night/subjects/{subjects[0].pk}/#verdict" in line
    assert not [word for word in ("yes", "AST", "confirmed", "three frames", "ann") if word in line]
    give_verdict(**about, scientist=bob, verdict="no")
    assert news() == [(who, "conflict", subjects[0].pk) for who in ("ann", "cy")], "who judged first, and who asked"
    Notification.objects.all().delete()
    ask_second_opinion(**about, by=ann)
    assert news() == [("cy", "opinion", subjects[0].pk)], "bob has said what he thinks"


@pytest.mark.parametrize("end", ["cancelled", "overruled", "withdrawn"])
def test_a_request_that_is_over_is_no_news(workflow, subjects, people, end):
    ann, bob, _cy = people
    about = {"subject": subjects[0], "workflow": workflow}
    give_verdict(**about, scientist=ann, verdict="yes")
    ask_second_opinion(**about, by=ann)
    assert [who for who, *_ in news()] == ["bob", "cy"]
    if end == "cancelled":
        ask_about(ruling=Ruling.objects.get(), by=ann, is_wanted=False)
    elif end == "overruled":
        give_verdict(**about, scientist=bob, verdict="no", overrules=True)
    else:
        withdraw_verdict(**about, scientist=ann)
    assert news() == []


def test_who_changes_their_own_verdict_still_wants_an_opinion(workflow, subjects, people):
    about = {"subject": subjects[0], "workflow": workflow, "scientist": people[0]}
    give_verdict(**about, verdict="yes")
    ask_about(ruling=Ruling.objects.get(), by=people[0], is_wanted=True)
    give_verdict(**about, verdict="no")
    assert [who for who, *_ in news()] == ["bob", "cy"]


@pytest.mark.parametrize("end", ["agreed", "changed", "withdrawn", "all withdrawn", "overruled"])
def test_who_gave_a_verdict_hears_that_a_colleague_disagrees_until_it_is_settled(workflow, subjects, people, end):
    ann, bob, _cy = people
    about = {"subject": subjects[0], "workflow": workflow}
    give_verdict(**about, scientist=ann, verdict="yes")
    give_verdict(**about, scientist=bob, verdict="yes")
    assert news() == []
    give_verdict(**about, scientist=bob, verdict="no", note="A dipole.")
    assert news() == [("ann", "conflict", subjects[0].pk)]
    page = browser(ann).get("/you/news/").content.decode()
    assert f'A colleague sees <a href="/surveys/night/subjects/{subjects[0].pk}/#verdict">' in page
    match end:
        case "agreed":
            give_verdict(**about, scientist=bob, verdict="yes")
        case "changed":
            give_verdict(**about, scientist=ann, verdict="no")
        case "withdrawn":
            withdraw_verdict(**about, scientist=bob)
        case "all withdrawn":
            withdraw_verdicts(workflow, [subjects[0].pk], by=bob)
        case "overruled":
            give_verdict(**about, scientist=ann, verdict="no", overrules=True)
    assert news() == []
