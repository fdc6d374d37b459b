"""Tracklets on which scientists are not done: shown among the candidates, and never signed off."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from tests.integration.people import browser, member
from tests.integration.reports.reporting import contents, draft, sign
from webapp.review.cases import change_case
from webapp.review.opinions import ask_second_opinion, give_verdict, withdraw_verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(survey):
    return member(survey, "scientist", "bob")


def hold(about, bob):
    change_case(subject=about["subject"], by=bob, action="hold")
    return lambda: change_case(subject=about["subject"], by=bob, action="release")


def disagree(about, bob):
    give_verdict(**about, scientist=bob, verdict="no")
    return lambda: withdraw_verdict(**about, scientist=bob)


def ask(about, bob):
    ask_second_opinion(**about, by=bob)
    return lambda: give_verdict(**about, scientist=bob, verdict="yes")


@pytest.mark.parametrize(
    ("doubt", "badge", "said"),
    [
        (hold, "On hold", "is on hold. Release it"),
        (disagree, "Scientists disagree", "Scientists disagree about W"),
        (ask, "Second opinion wanted", "A second opinion on W"),
    ],
)
def test_a_doubtful_tracklet_is_marked_and_signed_only_once_the_doubt_is_gone(survey, bob, doubt, badge, said):
    subject = survey.subjects.order_by("pk").first()
    settle = doubt({"subject": subject, "workflow": survey.workflows.get()}, bob)
    client = browser(bob)
    listed = client.get(reverse("reports", args=["night"])).content.decode()
    assert reverse("motion", args=["night", subject.pk]) in listed
    assert listed.count(f'<span class="badge">{badge}</span>') == 1
    report = draft(survey)
    assert client.get(reverse("report", args=["night", report.pk])).content.decode().count(said) == 1
    with pytest.raises(ValidationError, match="has problems"):
        sign(report)
    settle()
    assert contents(report).is_ready
    assert badge not in client.get(reverse("reports", args=["night"])).content.decode()
    assert sign(report).is_signed
