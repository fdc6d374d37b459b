"""Verdicts, second opinions and cases: on any page, one or many, with their history; strangers change nothing."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F

from tests.integration.learning import sky
from tests.integration.people import others
from webapp.archive.models import Membership
from webapp.consensus.models import Consensus
from webapp.queue.models import QueueEntry
from webapp.review.bulk import MOST_AT_ONCE, give_verdicts
from webapp.review.cases import MOST_TAGS, change_case
from webapp.review.models import Case, CaseEvent, Ruling, SecondOpinion
from webapp.review.opinions import ask_second_opinion, give_verdict, withdraw_verdict
from webapp.review.rulings import SubjectVerdict, rule
from webapp.review.verdict_history import history_of
from webapp.review.verdict_panel import panel_of

pytestmark = pytest.mark.django_db

DESK = "/surveys/night/review/"


def panel(workflow, subject, reader):
    return panel_of(workflow, subject, reader)


def test_a_verdict_beside_a_colleagues_is_a_second_opinion(workflow, subjects, scientist, colleague):
    first = rule(subject=subjects[0], workflow=workflow, scientist=colleague, verdict="no")
    given = give_verdict(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes", label="AST")
    assert isinstance(given, SecondOpinion)
    assert Ruling.objects.get(withdrawn_at=None) == first
    seen = panel(workflow, subjects[0], scientist)
    assert (seen.is_conflict, seen.own) == (True, given)
    settled = give_verdict(
        subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes", label="AST", overrules=True
    )
    assert Ruling.objects.get(withdrawn_at=None) == settled
    first.refresh_from_db()
    assert first.withdrawn_by == scientist
    told = [(entry.who, str(entry.what), entry.detail) for entry in history_of(workflow, subjects[0])]
    assert ("scientist", "replaced the verdict of", "colleague") in told
    assert panel(workflow, subjects[0], scientist).is_conflict is False
    subjects[0].refresh_from_db()
    assert subjects[0].gold_label == "AST"


def test_changing_ones_own_verdict_keeps_the_colleagues_opinion(workflow, subjects, scientist, colleague):
    give_verdict(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="no")
    ask_second_opinion(subject=subjects[0], workflow=workflow, by=scientist)
    assert panel(workflow, subjects[0], colleague).is_blind
    give_verdict(subject=subjects[0], workflow=workflow, scientist=colleague, verdict="yes")
    assert not panel(workflow, subjects[0], colleague).is_blind
    give_verdict(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes")
    seen = panel(workflow, subjects[0], scientist)
    assert ([each.scientist for each in seen.opinions], seen.is_conflict) == ([colleague], False)
    assert seen.ruling.second_asked_by == scientist


def test_a_verdict_leaves_the_time_of_a_retirement_by_votes(workflow, subjects, scientist, vote):
    vote(subjects[0], *["yes"] * 10)
    Consensus.objects.update(retired_at=F("retired_at") - timedelta(days=2))
    [of_votes] = Consensus.objects.filter(is_retired=True)
    about = {"subject": subjects[0], "workflow": workflow, "scientist": scientist}
    for verdict in ("yes", "no"):
        give_verdict(**about, verdict=verdict)
        assert Consensus.objects.get(retired_reason="human").retired_at == of_votes.retired_at
    withdraw_verdict(**about)
    of_votes_again = Consensus.objects.get(retired_reason=of_votes.retired_reason)
    assert of_votes_again.retired_at == of_votes.retired_at


def test_a_withdrawn_verdict_leaves_no_time_of_retirement(workflow, subjects, scientist, vote):
    vote(subjects[0], "yes")
    QueueEntry.objects.all().delete()  # nor where nothing is recounted
    give_verdict(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes")
    withdraw_verdict(subject=subjects[0], workflow=workflow, scientist=scientist)
    row = Consensus.objects.get()
    assert (row.is_retired, row.retired_at) == (False, None)


def test_taking_back_takes_ones_own_opinion_first(workflow, subjects, scientist, colleague):
    rule(subject=subjects[0], workflow=workflow, scientist=colleague, verdict="no")
    give_verdict(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes")
    for _ in range(2):  # a button pressed twice leaves the colleague's verdict
        withdraw_verdict(subject=subjects[0], workflow=workflow, scientist=scientist)
    assert Ruling.objects.filter(withdrawn_at=None).exists()
    assert not SecondOpinion.objects.filter(withdrawn_at=None).exists()
    withdraw_verdict(subject=subjects[0], workflow=workflow, scientist=colleague)
    assert not Ruling.objects.filter(withdrawn_at=None).exists()
    withdraw_verdict(subject=subjects[0], workflow=workflow, scientist=colleague)
    subjects[0].refresh_from_db()
    assert subjects[0].gold_label == ""


def test_the_history_names_who_did_what(workflow, subjects, scientist, colleague):
    rule(subject=subjects[0], workflow=workflow, scientist=colleague, verdict="no", note="a hot pixel")
    give_verdict(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes")
    change_case(subject=subjects[0], by=scientist, action="note", text="see the third frame")
    withdraw_verdict(subject=subjects[0], workflow=workflow, scientist=colleague)
    told = [(entry.who, str(entry.what), entry.note) for entry in history_of(workflow, subjects[0])]
    assert told == [
        ("colleague", "withdrew their verdict", ""),
        ("scientist", "noted", "see the third frame"),
        ("scientist", "second opinion: yes", ""),
        ("colleague", "ruled no", "a hot pixel"),
    ]


def test_the_history_tells_who_asked_for_a_second_opinion_and_who_no_longer(workflow, subjects, scientist, colleague):
    about = {"subject": subjects[0], "workflow": workflow}
    give_verdict(**about, scientist=scientist, verdict="no")
    for by, is_wanted in ((scientist, True), (colleague, True), (colleague, False), (scientist, False)):
        ask_second_opinion(**about, by=by, is_wanted=is_wanted)
    give_verdict(**about, scientist=scientist, verdict="yes")
    ask_second_opinion(**about, by=colleague)
    give_verdict(**about, scientist=scientist, verdict="no")
    told = [(entry.who, str(entry.what)) for entry in reversed(history_of(workflow, subjects[0]))]
    assert [each for each in told if "second" in each[1]] == [
        ("scientist", "asked for a second opinion"),
        ("colleague", "cancelled the request for a second opinion"),
        ("colleague", "asked for a second opinion"),
    ]
    assert Ruling.objects.get(withdrawn_at=None).second_asked_by == colleague
    other = sky.workflow(workflow.survey, slug="other")
    assert history_of(other, subjects[0]) == [], "another question's history is its own"


@pytest.mark.parametrize(
    ("action", "text"),
    [("explode", ""), ("tag", "a b/c"), ("tag", ""), ("note", " "), ("assign", "nobody"), ("tag", "x" * 31)],
)
def test_a_senseless_change_of_a_case_changes_nothing(subjects, scientist, action, text):
    with pytest.raises(ValidationError):
        change_case(subject=subjects[0], by=scientist, action=action, text=text)
    assert not Case.objects.exists()


def test_a_case_keeps_one_event_a_change_and_a_bounded_number_of_tags(subjects, scientist):
    for _ in range(2):
        change_case(subject=subjects[0], by=scientist, action="hold")
    assert CaseEvent.objects.count() == 1
    for n in range(MOST_TAGS):
        change_case(subject=subjects[0], by=scientist, action="tag", text=f"t{n}")
    with pytest.raises(ValidationError, match="at most"):
        change_case(subject=subjects[0], by=scientist, action="tag", text="one-more")
    assert len(Case.objects.get().tags) == MOST_TAGS


def test_many_verdicts_are_given_together_or_not_at_all(workflow, subjects, scientist):
    good = [SubjectVerdict(row.pk, "yes", "AST") for row in subjects]
    with pytest.raises(ValidationError, match="contradicts"):
        give_verdicts(workflow, [*good[:-1], SubjectVerdict(subjects[-1].pk, "no", "AST")], scientist=scientist)
    stranger = sky.subjects(sky.survey("other"), [True])[0]
    with pytest.raises(ValidationError, match="has no subject"):
        give_verdicts(workflow, [*good, SubjectVerdict(stranger.pk, "yes")], scientist=scientist)
    with pytest.raises(ValidationError, match="1 to"):
        give_verdicts(workflow, [SubjectVerdict(n, "yes") for n in range(MOST_AT_ONCE + 1)], scientist=scientist)
    assert not Ruling.objects.exists()
    assert len(give_verdicts(workflow, good, scientist=scientist)) == len(subjects)
    assert Ruling.objects.filter(withdrawn_at=None).count() == len(subjects)


def test_a_duplicate_takes_no_verdict_which_would_count_nowhere(workflow, subjects, scientist, client):
    first, copy = subjects[:2]
    copy.duplicate_of = first
    copy.save()
    with pytest.raises(ValidationError, match=f"{copy} has the same pixels as {first}. Judge that one instead."):
        give_verdict(subject=copy, workflow=workflow, scientist=scientist, verdict="yes")
    with pytest.raises(ValidationError, match="same pixels"):
        give_verdicts(workflow, [SubjectVerdict(first.pk, "yes"), SubjectVerdict(copy.pk, "yes")], scientist=scientist)
    assert not Ruling.objects.exists()
    page = client.get(f"/surveys/{workflow.survey.slug}/").content.decode()
    assert f'name="subjects" value="{first.pk}"' in page
    assert f'name="subjects" value="{copy.pk}"' not in page


@pytest.mark.parametrize("address", ["subjects/{}/", "subjects/{}/motion/", "consensus/subjects/{}/"])
def test_a_subjects_pages_take_a_verdict_and_show_its_history(workflow, subjects, scientist, client, address):
    page = f"/surveys/night/{address}".format(subjects[0].pk)
    first = client.get(page).content.decode()
    assert "No verdict, tag or note yet." in first
    assert "<kbd>Y</kbd> yes, <kbd>N</kbd> no" in first
    for name in ("review/keys.js", "review/review.css"):
        assert name in first
    for name in ("fits", "npy"):
        assert f'href="/api/subjects/{subjects[0].pk}/{name}/"' in first
    reply = client.post(
        f"{DESK}night/{subjects[0].pk}/rule/", {"label": "AST", "note": "three frames"},
        headers={"Referer": f"http://testserver{page}"},
    )  # fmt: skip
    assert (reply.status_code, reply.url) == (302, page)
    shown = client.get(page).content.decode()
    assert "Ruled yes (AST)." in shown
    assert "three frames" in shown


def test_a_volunteer_sees_no_verdict_on_a_subjects_page(workflow, subjects, scientist, client):
    rule(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes", note="secret")
    client.logout()
    shown = client.get(f"/surveys/night/subjects/{subjects[0].pk}/").content.decode()
    assert "secret" not in shown
    assert "/fits/" not in shown
    assert "Ruled yes" not in shown


def test_a_form_from_elsewhere_leads_back_to_the_desk(workflow, subjects, scientist, client):
    reply = client.post(
        f"{DESK}night/{subjects[0].pk}/rule/", {"verdict": "yes"}, headers={"Referer": "https://evil.example/"}
    )
    assert reply.url == DESK


def test_the_selected_subjects_are_ruled_and_tagged_from_the_page(workflow, subjects, scientist, client):
    keys = [row.pk for row in subjects[:3]]
    reply = client.post(f"{DESK}night/bulk/", {"subjects": keys, "verdict": "no", "back": "queue=all"}, follow=True)
    assert "3 subjects changed." in reply.content.decode()
    assert set(Ruling.objects.values_list("subject", "verdict")) == {(key, "no") for key in keys}
    client.post(f"{DESK}night/bulk/", {"subjects": keys, "action": "tag", "text": "satellite"})
    assert Case.objects.filter(tags=["satellite"]).count() == 3
    reply = client.post(f"{DESK}night/bulk/", {"subjects": [*keys, 10**17], "verdict": "yes"}, follow=True)
    assert "Nothing was changed." in reply.content.decode()


def bulk(client, subjects, **body):
    keys = [row.pk for row in subjects]
    return client.post(f"{DESK}night/bulk/", {"subjects": keys, "back": "queue=all", **body}, follow=True)


def undo(client):
    return client.post(f"{DESK}night/bulk/undo/", {"back": "queue=all"}, follow=True).content.decode()


def test_selected_subjects_get_class_and_note_and_one_undo_withdraws_only_ones_own(
    workflow, subjects, scientist, colleague, client
):
    rule(subject=subjects[0], workflow=workflow, scientist=colleague, verdict="yes")
    shown = bulk(client, subjects[:4], label="CR", note="one frame").content.decode()
    assert "Undo the last change of 4 subjects" in shown
    given = Ruling.objects.filter(scientist=scientist).values_list("verdict", "label", "note")
    assert list(given) == [("no", "CR", "one frame")] * 3
    assert SecondOpinion.objects.get().note == "one frame"
    give_verdict(subject=subjects[1], workflow=workflow, scientist=colleague, verdict="yes", overrules=True)
    give_verdict(subject=subjects[2], workflow=workflow, scientist=scientist, verdict="yes")  # newer than the action
    shown = undo(client)
    assert "Undone for 2 subjects." in shown
    assert "Undo the last change" not in shown
    standing = Ruling.objects.filter(withdrawn_at=None).order_by("subject")
    assert [(row.subject, row.scientist) for row in standing] == [
        (subjects[0], colleague), (subjects[1], colleague), (subjects[2], scientist)
    ]  # fmt: skip
    assert not SecondOpinion.objects.filter(withdrawn_at=None).exists()
    subjects[3].refresh_from_db()
    assert subjects[3].gold_label == ""
    assert "Undone for 0 subjects." in undo(client)


def test_selected_subjects_are_released_untagged_and_unassigned_and_undo_brings_back_what_was(
    workflow, subjects, scientist, colleague, client
):
    chosen = subjects[:3]
    change_case(subject=subjects[0], by=colleague, action="hold")
    change_case(subject=subjects[0], by=colleague, action="tag", text="lens")
    change_case(subject=subjects[0], by=colleague, action="assign", text="colleague")

    def state():
        rows = Case.objects.order_by("subject").values_list("is_on_hold", "tags", "assignee__username")
        return [(held, *tags, who) for held, tags, who in rows]

    assert "2 subjects changed." in bulk(client, chosen, action="hold").content.decode()
    assert undo(client)
    assert state() == [(True, "lens", "colleague"), (False, None), (False, None)]
    for action, text, changed in (
        ("tag", "lens", [(True, "lens", "colleague"), *[(False, "lens", None)] * 2]),
        ("assign", "", [(True, "lens", "scientist"), *[(False, "scientist")] * 2]),
        ("release", "", [(False, "lens", "colleague"), *[(False, None)] * 2]),
        ("untag", "lens", [(True, "colleague"), *[(False, None)] * 2]),
        ("unassign", "", [(True, "lens", None), *[(False, None)] * 2]),
    ):
        bulk(client, chosen, action=action, text=text)
        assert state() == changed
        undo(client)
        assert state() == [(True, "lens", "colleague"), (False, None), (False, None)], action
    bulk(client, chosen[1:2], action="hold")
    change_case(subject=chosen[1], by=colleague, action="release")
    change_case(subject=chosen[1], by=colleague, action="hold")
    assert "Undone for 0 subjects." in undo(client), "the hold is a colleague's now"
    assert state()[1] == (True, None)


def test_undo_gives_back_no_assignment_to_somebody_who_left(workflow, subjects, scientist, colleague, client):
    change_case(subject=subjects[0], by=colleague, action="assign")
    bulk(client, subjects[:1], action="assign")
    Membership.objects.filter(user=colleague).delete()
    assert "Undone for 1 subject." in undo(client)
    assert Case.objects.get().assignee is None


def test_strangers_and_admins_of_other_surveys_change_nothing(workflow, subjects, survey):
    pk = subjects[0].pk
    writes = {
        "rule/": {"verdict": "yes"}, "withdraw/": {}, "second/": {"wanted": 1}, "case/": {"action": "hold"},
    }  # fmt: skip
    _colleague, *strangers = others(survey)
    for client in strangers:
        for path, body in writes.items():
            assert client.post(f"{DESK}night/{pk}/{path}", body).status_code == 403
        assert client.post(f"{DESK}night/bulk/", {"subjects": [pk], "verdict": "yes"}).status_code == 403
        assert client.post(f"{DESK}night/bulk/undo/").status_code == 403
        assert client.get(f"{DESK}night/{pk}/history/").status_code in (302, 403)
    assert not Ruling.objects.exists()
    assert not Case.objects.exists()
