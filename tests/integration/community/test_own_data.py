"""Personal data: exported completely, and deleted without a trace; consensus stays consistent."""

import csv
import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.core.signing import get_cookie_signer
from django.test import Client
from django.utils import timezone

from tests.integration import world
from webapp.accounts.merge_visitor import merge
from webapp.archive.audit import acts_about
from webapp.archive.models import AuditEntry
from webapp.classifications.models import Classification
from webapp.classify.submit import undo
from webapp.community.models import Collection, Favourite, Notification, Profile
from webapp.community.talk import post_comment
from webapp.consensus.apply_votes import recompute_subjects
from webapp.consensus.models import Consensus, Skill
from webapp.guides.models import GuideText, TutorialProgress
from webapp.review.rulings import rule
from webapp.volunteers.identity import COOKIE, SALT
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(ada):
    ada.user.set_password("Ada's own")
    ada.user.email = "ada@example.org"
    ada.user.save()
    return ada


def leave(browser, answers, proof="Ada's own"):
    return browser.post("/you/leave/", {"answers": answers, "proof": proof})


def belongings(volunteer, subject):
    Favourite.objects.create(volunteer=volunteer, subject=subject)
    mine = Collection.objects.create(owner=volunteer, name="Mine", description="Strange")
    mine.items.create(subject=subject)
    Profile.objects.create(user=volunteer.user, display_name="Ada L.", credit="own-name")
    rule(subject=subject, workflow=subject.queue_entries.get().workflow, scientist=world.make_volunteer("sci").user,
         verdict="yes")  # fmt: skip


def export_of(browser, address="/you/data/export/"):
    """Return the rows of each table, and the content of each other file, by name."""
    response = browser.post(address)
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    tables = {name: list(csv.DictReader(text.splitlines())) for name, text in files.items() if name.endswith(".csv")}
    return files | tables


def test_the_export_holds_everything_of_oneself_and_nothing_of_others(workflow, ada, ben, browser_of):
    first, second, *_ = world.subjects_of(workflow)
    world.vote(ada, workflow, first, "yes", "AST")
    world.vote(ben, workflow, second, "no")
    belongings(ada, first)
    Favourite.objects.create(volunteer=ben, subject=second)
    tables = export_of(browser_of(ada))
    profile, collections = (json.loads(tables[f"{name}.json"]) for name in ("profile", "collections"))
    [answer] = tables["classifications.csv"]
    assert (answer["answer"], answer["follow_up"], answer["workflow_slug"]) == ("yes", "AST", "atlas")
    assert answer["subject_external_id"] == first.external_id
    assert [row["subject_external_id"] for row in tables["favourites.csv"]] == [first.external_id]
    assert len(tables["discoveries.csv"]) == len(tables["notifications.csv"]) == 1
    assert (profile["email"], profile["display_name"]) == ("ada@example.org", "Ada L.")
    assert collections[0]["subjects"][0]["external_id"] == first.external_id


def test_an_administrator_downloads_the_same_file_for_somebody_who_sees_that_in_it(workflow, ada, browser_of):
    world.vote(ada, workflow, world.subjects_of(workflow)[0], "yes", "AST")
    boss, own = Client(), export_of(browser_of(ada))
    boss.force_login(User.objects.create_superuser("boss"))
    address = f"/users/{ada.user_id}/data.zip"
    assert f'action="{address}"' in boss.get(f"/users/{ada.user_id}/").content.decode()
    theirs = export_of(boss, address)
    AuditEntry.objects.get(act="site-user-data", user__username="boss", address=address, status=200, fields={})
    acts = [(row["act"], row["address"]) for row in theirs.pop("about-you.csv")]
    assert acts == [("site-user-data", address), ("site-user", f"/users/{ada.user_id}/")]
    assert own.pop("about-you.csv") == []
    assert {*own} == {*theirs}
    assert theirs["classifications.csv"] == own["classifications.csv"] != []
    assert theirs["profile.json"] == own["profile.json"]


def taught(volunteer, workflow, text, number):
    """Make somebody answer a training subject, draw a line, read a tutorial and link a sign-in."""
    [subject] = world.subjects_of(workflow, gold=True)
    answer = world.vote(volunteer, workflow, subject, "no").recorded.classification
    answer.marks.create(position=0, frame=number, x1=1.5, y1=2, x2=3, y2=4)
    TutorialProgress.objects.create(volunteer=volunteer, text=text, step=number)
    SocialAccount.objects.create(user=volunteer.user, provider="orcid", uid=f"0000-{number}", extra_data={"n": number})
    return answer


def test_the_export_holds_lines_skill_tutorials_and_sign_ins(ada, ben, browser_of):
    workflow = world.make_workflow(subjects=1, gold=1)
    text = GuideText.objects.create(survey=workflow.survey, workflow=workflow, kind="tutorial", version=3)
    answer = taught(ada, workflow, text, 1)
    taught(ben, workflow, text, 2)
    Skill.objects.update(is_trusted=False)
    export = export_of(browser_of(ada))
    [line], [skill], [tutorial], [sign_in] = (
        export[f"{name}.csv"] for name in ("lines", "skill", "tutorials", "sign-ins")
    )
    assert (line["classification_id"], line["frame"], line["x1"], line["y2"]) == (str(answer.pk), "1", "1.5", "4.0")
    assert line["classification_subject_external_id"] == answer.subject.external_id
    assert (skill["workflow_slug"], skill["true_no_said_no"], skill["true_yes_said_no"]) == ("atlas", "1", "0")
    assert not {"is_trusted", "revision", "applied_revision"} & set(skill), (
        "volunteers are told nothing of signs of carelessness"
    )
    assert "log_odds_micronats" not in export["classifications.csv"][0]
    assert (tutorial["text_workflow_slug"], tutorial["text_version"], tutorial["step"]) == ("atlas", "3", "1")
    assert (sign_in["provider"], sign_in["uid"], sign_in["extra_data"]) == ("orcid", "0000-1", '{"n": 1}')
    told = export["README.txt"]
    assert all(name in told for name in export if name != "README.txt"), "each file is explained"


def test_a_visitor_takes_along_what_they_drew(workflow):
    visitor, client = Volunteer.objects.create(), Client()
    client.cookies[COOKIE] = get_cookie_signer(salt=COOKIE + SALT).sign(visitor.key.hex)
    answer = world.vote(visitor, workflow, world.subjects_of(workflow)[0]).recorded.classification
    answer.marks.create(position=0, x1=1, y1=2, x2=3, y2=4)
    export = export_of(client)
    assert len(export["lines.csv"]) == 1
    assert export["sign-ins.csv"] == []


def test_a_visitors_answer_that_gave_way_to_the_accounts_is_exported_too(workflow, ada, browser_of):
    visitor, subject = world.make_volunteer(), world.subjects_of(workflow)[0]
    world.vote(visitor, workflow, subject, "no")
    world.vote(ada, workflow, subject, "yes")
    merge(visitor, ada)
    rows = export_of(browser_of(ada))["classifications.csv"]
    assert {(row["answer"], bool(row["withdrawn_at"])) for row in rows} == {("yes", False), ("no", True)}


def test_nobody_exports_nothing(client):
    assert client.post("/you/data/export/").status_code == 403


def test_kept_answers_count_on_and_lead_to_nobody(workflow, ada, ben, browser_of):
    first, second, *_ = world.subjects_of(workflow)
    world.vote(ada, workflow, first, "yes")
    world.vote(ada, workflow, second, "no")
    belongings(ada, first)
    recompute_subjects(workflow, [second.pk])
    before = Consensus.objects.get(subject=second)
    assert leave(browser_of(ada), "keep").status_code == 302
    assert not User.objects.filter(username="ada").exists()
    assert {row.volunteer.user for row in Classification.objects.all()} == {None}
    kept = Classification.objects.get(subject=second)
    assert (kept.device, kept.viewport, kept.finished_at) == ("", "", None)
    assert kept.volunteer.key != ada.key, "a cookie of before leads nowhere"
    assert not any(model.objects.exists() for model in (Favourite, Collection))
    recompute_subjects(workflow, [second.pk])
    after = Consensus.objects.get(subject=second)
    assert (after.votes_no, after.posterior) == (1, before.posterior)
    page = browser_of().get(f"/surveys/atlas/subjects/{first.pk}/").content.decode()
    assert not re.search(r"\bada\b|Ada L\.", page)


def test_kept_answers_weigh_what_they_weighed_though_one_was_undone_and_given_again(ada, browser_of):
    workflow = world.make_workflow(subjects=1, gold=1, undo_seconds=600)
    lesson, *_ = world.subjects_of(workflow, gold=True)
    first, *_ = world.subjects_of(workflow)
    undo(ada, world.vote(ada, workflow, lesson, "yes").recorded.classification.pk)
    for subject in (lesson, first):
        world.vote(ada, workflow, subject, "yes")
    before = Consensus.objects.get(subject=first).log_odds_micronats
    leave(browser_of(ada), "keep")
    world.recount(workflow)
    assert Consensus.objects.get(subject=first).log_odds_micronats == before


def test_the_log_tells_which_accounts_to_erase_again_after_a_restore(ada, ben, browser_of, caplog):
    caplog.set_level("INFO")
    leave(browser_of(ada), "keep")
    ben.user.set_unusable_password()
    ben.user.save()
    leave(browser_of(ben), "remove", "ben")
    said = [record.getMessage() for record in caplog.records if "erased" in record.getMessage()]
    assert said == [
        f"Account {ada.user_id} was erased (answers: keep).",
        f"Account {ben.user_id} was erased (answers: remove).",
    ]


def test_removed_answers_stop_counting_and_what_they_had_settled_is_open_again(workflow, ada, ben, browser_of):
    open_one, settled, ruled, *_ = world.subjects_of(workflow)
    for volunteer in (ada, ben):
        world.vote(volunteer, workflow, open_one, "yes")
    world.vote(ada, workflow, settled, "yes")
    Consensus.objects.filter(subject=settled).update(is_retired=True, retired_reason="consensus")
    world.vote(ada, workflow, ruled, "yes")
    rule(subject=ruled, workflow=workflow, scientist=world.make_volunteer("sci").user, verdict="yes")
    offered = world.entry_of(workflow, open_one).open_slots
    leave(browser_of(ada), "remove")
    assert list(Classification.objects.values_list("volunteer", flat=True)) == [ben.pk]
    assert not Volunteer.objects.filter(pk=ada.pk).exists()
    assert not Skill.objects.filter(volunteer=ada.pk).exists()
    assert Consensus.objects.get(subject=open_one).votes_yes == 1
    assert world.entry_of(workflow, open_one).open_slots == offered + 1
    assert not Consensus.objects.filter(subject=settled).exists()
    assert not world.entry_of(workflow, settled).is_retired
    assert Consensus.objects.get(subject=ruled).is_retired, "a scientist's verdict stays"


def test_news_of_what_goes_with_the_account_goes_too(subject, ada, ben, browser_of):
    for author, text in ((ben, "Hello"), (ada, "@ben, a mover?"), (ada, "@ben, look again")):
        post_comment(user=author.user, subject=subject, text=text)
    news = Notification.objects.filter(volunteer=ben)
    assert {row.kind for row in news} == {"mentioned", "commented"}
    leave(browser_of(ada), "remove")
    assert "Someone" not in browser_of(ben).get("/you/news/").text
    assert not news.all().exists()


def test_news_that_another_comment_gives_too_stays(subject, ada, ben, browser_of):
    eve = world.make_volunteer("eve")
    for author in (ada, eve):
        post_comment(user=author.user, subject=subject, text="@ben, a mover?")
    leave(browser_of(ada), "remove")
    assert "mentioned you" in browser_of(ben).get("/you/news/").text
    kept = Notification.objects.get(volunteer=ben)
    leave(browser_of(eve), "keep", "eve")
    assert Notification.objects.get(volunteer=ben) == kept, "the comment stays, and names nobody"


def test_a_wrong_password_deletes_nothing(workflow, ada, browser_of):
    world.vote(ada, workflow, world.subjects_of(workflow)[0])
    response = leave(browser_of(ada), "remove", "a guess")
    assert response.status_code == 400
    assert "Nothing was deleted" in response.content.decode()
    assert User.objects.filter(username="ada").exists()
    assert Classification.objects.count() == 1


def test_without_a_password_the_user_name_confirms(ben, browser_of):
    ben.user.set_unusable_password()
    ben.user.save()
    assert leave(browser_of(ben), "keep", "ada").status_code == 400
    assert leave(browser_of(ben), "keep", "ben").status_code == 302
    assert not User.objects.filter(username="ben").exists()


def test_a_scientists_verdicts_stay_without_their_name(workflow, ada, browser_of):
    ruling = rule(subject=world.subjects_of(workflow)[0], workflow=workflow, scientist=ada.user, verdict="no")
    leave(browser_of(ada), "keep")
    ruling.refresh_from_db()
    assert ruling.scientist.username == f"gone:{ada.user_id}"
    assert (ruling.scientist.email, ruling.scientist.is_active) == ("", False)
    assert not ruling.scientist.has_usable_password()


@pytest.mark.parametrize("sign", ["-", ":"])
def test_nobody_takes_the_name_that_an_erased_account_gets(workflow, ada, client, browser_of, sign):
    """With it, they would keep a scientist from leaving, or download what was done with the erased account."""
    rule(subject=world.subjects_of(workflow)[0], workflow=workflow, scientist=ada.user, verdict="no")
    name, password = f"gone{sign}{ada.user_id}", "an-odd-and-long-sentence"
    client.post("/accounts/signup/", {"username": name, "password1": password, "password2": password})
    assert User.objects.filter(username=name).exists() == (sign == "-")
    AuditEntry.objects.create(user=ada.user, act="member-add", address="/x/", fields={"username": "ada"})
    assert leave(browser_of(ada), "keep").status_code == 302
    assert not User.objects.filter(username="ada").exists()
    for stranger in User.objects.filter(username=name, is_active=True):
        assert not acts_about(stranger).exists()


def test_only_the_signed_in_leave(client):
    assert client.post("/you/leave/", {"answers": "keep", "proof": "x"}).status_code == 403
    assert client.get("/you/leave/").status_code == 302


def test_the_files_of_the_export_are_dated_when_they_were_made(workflow, ada, browser_of):
    before = timezone.now() - timedelta(seconds=2)  # a ZIP file counts every other second
    response = browser_of(ada).post("/you/data/export/")
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        made = {each.filename: datetime(*each.date_time, tzinfo=UTC) for each in archive.infolist()}
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_DEFLATED}
    assert len(made) > 20
    assert {name: at for name, at in made.items() if not before <= at <= timezone.now()} == {}
