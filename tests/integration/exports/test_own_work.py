"""Whoever has a role downloads what they did in it: verdicts, cases, reports, moderation and audited acts."""

import csv
import io
import zipfile

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from tests.integration import world
from tests.integration.people import account, browser
from webapp.archive.models import AuditEntry, Membership, Role
from webapp.community.models import Comment, ModeratorAction
from webapp.community.models import Report as CommentReport
from webapp.exports.own_data import export_own_data
from webapp.linking.models import LinkRun, Proposal, ProposalEvent
from webapp.reports.models import Report
from webapp.review.models import Case, CaseEvent, Ruling, SecondOpinion, SecondOpinionRequest
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db
TABLES = (
    "roles", "verdicts", "second-opinions", "opinion-requests", "cases", "case-events", "proposals",
    "proposal-events", "reports", "comment-reports", "moderated", "moderator-acts", "audit-log",
)  # fmt: skip


def export_of(volunteer):
    with export_own_data(volunteer) as file, zipfile.ZipFile(file) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    return texts["README.txt"], {name: list(csv.DictReader(io.StringIO(texts[f"{name}.csv"]))) for name in TABLES}


def about(volunteer):
    """Return the rows of the table of what administrators did with an account."""
    with export_own_data(volunteer) as file, zipfile.ZipFile(file) as archive:
        return list(csv.DictReader(io.StringIO(archive.read("about-you.csv").decode())))


def work(volunteer, other, workflow, note):
    """Let somebody do one thing of each kind, with the other one where two are needed."""
    user, survey = volunteer.user, workflow.survey
    subject, second = world.make_subject(survey, f"{note}-1"), world.make_subject(survey, f"{note}-2")
    Membership.objects.create(user=user, survey=survey, role=Role.ADMIN)
    Ruling.objects.create(subject=subject, workflow=workflow, scientist=user, verdict="yes", note=note)
    theirs = Ruling.objects.create(subject=second, workflow=workflow, scientist=other.user, verdict="no", note="theirs")
    SecondOpinion.objects.create(ruling=theirs, scientist=user, verdict="yes", note=note)
    SecondOpinionRequest.objects.create(ruling=theirs, by=user, is_wanted=True)
    case = Case.objects.create(subject=subject, assignee=user, tags=[note])
    CaseEvent.objects.create(case=case, by=user, action="note", text=note)
    run = LinkRun.objects.create(survey=survey, first_mjd=1, last_mjd=2, state="done")
    link = Proposal.objects.create(run=run, mjd=1, ra=1, dec=1, rate=1, position_angle=1, misfit=1, decided_by=user)
    ProposalEvent.objects.create(proposal=link, by=user, action="reject", reason=note)
    Report.objects.create(survey=survey, created_by=user)
    comment = Comment.objects.create(author=other, survey=survey, subject=subject, text="Look")
    CommentReport.objects.create(comment=comment, reporter=volunteer, reason=note)
    own = Comment.objects.create(author=volunteer, survey=survey, subject=subject, text="Look")
    ModeratorAction.objects.create(survey=survey, moderator=other.user, comment=own, author=volunteer, kind="warned")
    ModeratorAction.objects.create(
        survey=survey, moderator=user, comment=comment, author=other, kind="dismissed", reason=note
    )
    AuditEntry.objects.create(user=user, survey=survey, act="member-remove", fields={"note": note})


def test_each_table_has_what_one_did_and_nothing_of_others():
    workflow = world.make_workflow(subjects=0)
    ada, ben = world.make_volunteer("ada"), world.make_volunteer("ben")
    work(ada, ben, workflow, "of ada")
    work(ben, ada, workflow, "of ben")
    readme, tables = export_of(ada)
    verdicts, acts = tables.pop("verdicts"), tables.pop("moderator-acts")
    assert {(row["subject_external_id"], row["note"]) for row in verdicts} == {
        ("of ada-1", "of ada"),
        ("of ben-2", "theirs"),
    }
    assert {(row["kind"], row["survey_slug"], row["reason"]) for row in acts} == {
        ("dismissed", "atlas", "of ada"),
        ("warned", "atlas", ""),
    }
    assert {name: len(rows) for name, rows in tables.items()} == dict.fromkeys(tables, 1)
    [opinion], [event] = tables["second-opinions"], tables["case-events"]
    assert tables["opinion-requests"][0]["ruling_subject_external_id"] == "of ada-2"
    assert (opinion["ruling_subject_external_id"], opinion["note"]) == ("of ada-2", "of ada")
    assert (event["case_subject_external_id"], event["action"], event["text"]) == ("of ada-1", "note", "of ada")
    assert tables["cases"][0]["tags"] == '["of ada"]'
    assert tables["roles"][0]["role"] == "admin"
    assert tables["moderated"][0]["kind"] == "warned"
    assert tables["audit-log"][0]["fields"] == '{"note": "of ada"}'
    assert not [column for rows in tables.values() for column in rows[0] if column.endswith(("_by_id", "moderator_id"))]
    assert all(f"{name}.csv" in readme for name in TABLES)


def test_one_learns_what_administrators_did_with_ones_account():
    survey = world.make_workflow(subjects=0).survey
    ada, ben = world.make_volunteer("ada"), world.make_volunteer("ben")
    boss = account("boss", is_superuser=True)
    EmailAddress.objects.create(user=ada.user, email="ada@example.org", verified=True)
    EmailAddress.objects.create(user=ada.user, email="ben@example.org", verified=False)
    for email in ("Ada@example.org", "ben@example.org"):
        browser(boss).post("/users/invite/", {"email": email})
    for user in (ada.user, ben.user):
        browser(boss).post("/surveys/atlas/settings/members/", {"username": user.username, "role": "scientist"})
        member = user.memberships.get(survey=survey)
        browser(boss).post(f"/surveys/atlas/settings/members/{member.pk}/", {"role": "moderator"})
        browser(boss).post(f"/users/{user.pk}/promote/")
    rows = about(ada)
    assert [row["act"] for row in rows] == ["site-user-act", "member-change", "member-add", "invitation-new"]
    assert rows[-1]["fields"] == '{"email": "Ada@example.org"}'
    assert "boss" not in str(rows)
    assert about(Volunteer.objects.create()) == []


def test_a_visitor_gets_nothing_of_those_whose_account_is_gone():
    workflow = world.make_workflow(subjects=0)
    work(world.make_volunteer("ada"), world.make_volunteer("ben"), workflow, "of ada")
    AuditEntry.objects.update(user=None)
    ModeratorAction.objects.update(moderator=None, created_at=timezone.now())
    CaseEvent.objects.update(by=None)
    SecondOpinionRequest.objects.update(by=None)
    _, tables = export_of(Volunteer.objects.create())
    assert [name for name, rows in tables.items() if rows] == []


def test_a_report_names_its_signer_as_they_wrote_it_and_no_account():
    workflow = world.make_workflow(subjects=0)
    ada, ben, eve = (world.make_volunteer(name) for name in ("ada", "benedict", "eve"))
    ben.user.email = "benedict@example.org"
    ben.user.save()
    Report.objects.create(
        survey=workflow.survey, created_by=ada.user, signed_by=ben.user, signed_name="B. Example",
        signed_at=timezone.now(), psv="# version=2022", xml="<ades/>",
    )  # fmt: skip
    with export_own_data(ada) as file, zipfile.ZipFile(file) as archive:
        table = archive.read("reports.csv").decode()
    [row] = csv.DictReader(io.StringIO(table))
    assert (row["survey_slug"], row["signed_name"]) == ("atlas", "B. Example")
    assert "benedict" not in table
    assert len(export_of(ben)[1]["reports"]) == 1
    assert export_of(eve)[1]["reports"] == []
