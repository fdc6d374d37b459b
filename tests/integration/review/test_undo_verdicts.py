"""Undo brings back the verdict that stood before; who withdraws theirs has none, but a colleague's stands again."""

import pytest
from django.urls import reverse

from tests.integration.people import browser, member
from webapp.archive.models import Subject, Survey
from webapp.community.models import Discovery, Notification
from webapp.consensus.models import Consensus
from webapp.queue.membership import end_training
from webapp.queue.models import QueueEntry
from webapp.review.bulk import give_verdicts
from webapp.review.bulk_undo import done_by, undo, withdraw_verdicts
from webapp.review.models import Ruling, SecondOpinion
from webapp.review.opinions import ask_second_opinion, give_verdict, withdraw_verdict
from webapp.review.rulings import SubjectVerdict
from webapp.review.verdict_history import history_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(survey):
    return [member(survey, "scientist", name) for name in ("ann", "bob", "cy")]


@pytest.fixture
def ann(people):
    return people[0]


@pytest.fixture
def bob(people):
    return people[1]


@pytest.fixture
def cy(people):
    return people[2]


@pytest.fixture
def about(workflow, subjects, vote):
    """A subject to which one volunteer said yes."""
    vote(subjects[0], "yes")
    return {"subject": subjects[0], "workflow": workflow}


@pytest.mark.parametrize("is_undone", [False, True])
def test_what_a_report_made_public_trains_nobody_after_another_verdict_or_its_undo(about, ann, bob, is_undone):
    give_verdict(scientist=ann, verdict="no", **about)
    end_training([about["subject"].pk])
    give_verdict(scientist=bob, verdict="yes", overrules=True, **about)
    if is_undone:
        withdraw_verdict(scientist=bob, is_undo=True, **about)
    entry = QueueEntry.objects.get(subject=about["subject"])
    assert (entry.is_retired, entry.is_gold) == (True, False)


@pytest.mark.parametrize("was_gold", [False, True])
def test_what_is_public_trains_nobody_when_its_verdict_is_withdrawn_and_given_anew(about, ann, bob, was_gold):
    if was_gold:
        Subject.objects.filter(pk=about["subject"].pk).set_gold("yes", "manifest")
    give_verdict(scientist=ann, verdict="yes", **about)
    end_training([about["subject"].pk])
    withdraw_verdict(scientist=ann, **about)
    entry = QueueEntry.objects.get(subject=about["subject"])
    assert (entry.is_retired, entry.is_gold) == (False, False)
    give_verdict(scientist=bob, verdict="yes", **about)
    entry.refresh_from_db()
    assert (entry.is_retired, entry.is_gold) == (True, False)


def test_what_became_public_before_its_first_verdict_trains_nobody_after_it(about, ann):
    end_training([about["subject"].pk])
    give_verdict(scientist=ann, verdict="yes", **about)
    entry = QueueEntry.objects.get(subject=about["subject"])
    assert (entry.is_retired, entry.is_gold) == (True, False)


def standing(subject):
    """Return who rules what on a subject, and the second opinions."""
    rulings = Ruling.objects.filter(subject=subject, withdrawn_at=None)
    opinions = SecondOpinion.objects.filter(ruling__in=rulings, withdrawn_at=None).order_by("pk")
    return [
        *rulings.values_list("scientist__username", "verdict"),
        *opinions.values_list("scientist__username", "verdict"),
    ]


def state(subject):
    """Return gold, why the subject is retired, and how many are credited."""
    subject.refresh_from_db()
    reason = Consensus.objects.get(subject=subject).retired_reason
    return subject.gold_label, subject.gold_source, reason, Discovery.objects.filter(subject=subject).count()


OPEN = ("", "", "", 0)


def test_undo_brings_back_ones_own_earlier_verdict_as_it_was(about, ann):
    subject = about["subject"]
    first = give_verdict(**about, scientist=ann, verdict="yes", label="AST", note="three frames")
    ruled = state(subject)
    assert ruled == ("AST", "ruling", "human", 1)
    give_verdict(**about, scientist=ann, verdict="no")
    assert state(subject) == ("no", "ruling", "human", 0)
    withdraw_verdict(**about, scientist=ann, is_undo=True)
    assert state(subject) == ruled
    again = Ruling.objects.get(withdrawn_at=None)
    assert (again.pk, again.created_at, again.label, again.note) == (first.pk, first.created_at, "AST", "three frames")
    assert Consensus.objects.get().retired_at == first.created_at
    assert subject.queue_entries.get().is_retired
    assert Notification.objects.get().kind == Notification.Kind.CONFIRMED
    withdraw_verdict(**about, scientist=ann, is_undo=True)
    assert (standing(subject), state(subject)) == ([], OPEN), "before the first there was none"


def test_who_withdraws_a_changed_verdict_has_none(about, ann):
    give_verdict(**about, scientist=ann, verdict="yes")
    give_verdict(**about, scientist=ann, verdict="no")
    withdraw_verdict(**about, scientist=ann)
    assert (standing(about["subject"]), state(about["subject"])) == ([], OPEN)
    assert not about["subject"].queue_entries.get().is_retired


@pytest.mark.parametrize("is_undo", [True, False])
def test_a_colleagues_verdict_stands_again_without_the_one_that_settled_the_conflict(about, ann, bob, is_undo):
    subject = about["subject"]
    give_verdict(**about, scientist=ann, verdict="yes", label="AST")
    give_verdict(**about, scientist=bob, verdict="no")
    conflict = standing(subject)
    give_verdict(**about, scientist=bob, verdict="no", overrules=True)
    assert standing(subject) == [("bob", "no")]
    give_verdict(**about, scientist=bob, verdict="no", label="CR")  # his changed mind does not come between
    withdraw_verdict(**about, scientist=bob, is_undo=is_undo)
    if is_undo:
        assert standing(subject) == [("bob", "no")]
        withdraw_verdict(**about, scientist=bob, is_undo=True)
        assert standing(subject) == conflict == [("ann", "yes"), ("bob", "no")]
    else:
        assert standing(subject) == [("ann", "yes")], "nothing of his is left"
    assert state(subject) == ("AST", "ruling", "human", 1)
    told = [(entry.who, str(entry.what), entry.detail) for entry in history_of(about["workflow"], subject)]
    for line in (
        ("bob", "ruled no", ""),
        ("bob", "ruled no", "CR"),
        ("bob", "replaced the verdict of", "ann"),
        ("bob", "brought back the verdict of", "ann"),
        ("bob", "withdrew their verdict", ""),
        ("ann", "ruled yes", "AST"),
    ):
        assert line in told
    assert ("ann", "withdrew their verdict", "") not in told


def test_what_others_said_meanwhile_counts(about, ann, bob, cy):
    subject = about["subject"]
    give_verdict(**about, scientist=ann, verdict="yes")
    for scientist, verdict in ((bob, "no"), (cy, "yes")):
        give_verdict(**about, scientist=scientist, verdict=verdict)
    give_verdict(**about, scientist=bob, verdict="no", overrules=True)
    give_verdict(**about, scientist=cy, verdict="no")
    give_verdict(**about, scientist=ann, verdict="yes")
    withdraw_verdict(**about, scientist=bob)
    assert standing(subject) == [("ann", "yes"), ("cy", "no")], "cy's newer opinion goes along"
    give_verdict(**about, scientist=cy, verdict="no", overrules=True)
    give_verdict(**about, scientist=ann, verdict="no")  # she agrees by now
    withdraw_verdict(**about, scientist=cy)
    assert (standing(subject), state(subject)) == ([], OPEN), "she no longer thinks what she had ruled"


def test_undo_brings_back_a_second_opinion_and_the_request_for_one(about, ann, bob):
    subject = about["subject"]
    give_verdict(**about, scientist=ann, verdict="yes")
    ask_second_opinion(**about, by=ann)
    for verdict in ("no", "yes"):
        give_verdict(**about, scientist=bob, verdict=verdict)
    give_verdict(**about, scientist=ann, verdict="no")  # her changed mind keeps his opinion
    withdraw_verdict(**about, scientist=bob, is_undo=True)
    assert standing(subject) == [("ann", "no"), ("bob", "no")]
    withdraw_verdict(**about, scientist=ann, is_undo=True)
    assert standing(subject) == [("ann", "yes"), ("bob", "no")]
    assert Ruling.objects.get(withdrawn_at=None).second_asked_by == ann
    give_verdict(**about, scientist=bob, verdict="yes")
    withdraw_verdict(**about, scientist=bob)
    assert standing(subject) == [("ann", "yes")], "withdrawn, there is none of his"


def test_a_bulk_change_is_undone_to_what_stood_before(workflow, subjects, vote, ann, bob):
    for subject in subjects[:4]:
        vote(subject, "yes")
    own, opinion, colleagues = subjects[:3]
    give_verdict(subject=own, workflow=workflow, scientist=bob, verdict="yes", label="AST")
    for subject in (opinion, colleagues):
        give_verdict(subject=subject, workflow=workflow, scientist=ann, verdict="yes")
    give_verdict(subject=opinion, workflow=workflow, scientist=bob, verdict="yes", note="faint")
    before = [standing(subject) for subject in subjects[:4]], [state(subject) for subject in subjects[:4]]
    for overrules in (False, True):
        no = [SubjectVerdict(subject.pk, "no") for subject in subjects[:4]]
        done = done_by(give_verdicts(workflow, no, scientist=bob, overrules=overrules))
        assert [("bob", "no") in standing(subject) for subject in subjects[:4]] == [True] * 4
        assert undo(workflow, done, by=bob) == 4
        assert ([standing(subject) for subject in subjects[:4]], [state(subject) for subject in subjects[:4]]) == before
    assert withdraw_verdicts(workflow, [subject.pk for subject in subjects], by=bob) == 2
    assert [standing(subject) for subject in subjects[:4]] == [[], [("ann", "yes")], [("ann", "yes")], []]


def test_a_class_that_the_survey_has_dropped_does_not_come_back(about, ann):
    give_verdict(**about, scientist=ann, verdict="yes", label="AST")
    give_verdict(**about, scientist=ann, verdict="no")
    Survey.objects.update(classes=["CR", "COMET"], positive=["COMET"])
    withdraw_verdict(**about, scientist=ann, is_undo=True)
    assert state(about["subject"])[0] == "yes"


def test_the_page_undoes_or_withdraws(about, workflow, ann):
    subject, client = about["subject"], browser(ann)
    address = reverse("withdraw", args=["night", workflow.slug, subject.pk])
    for body, left in (({"undo": "1"}, [("ann", "yes")]), ({}, [])):
        give_verdict(**about, scientist=ann, verdict="yes")
        give_verdict(**about, scientist=ann, verdict="no")
        client.post(address, body)
        assert standing(subject) == left
