"""Exports: Panoptes' columns, only answers that count, stable pseudonyms, and no names."""

import csv
import io
import json
import uuid
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from ml.io.safe_csv import harmless
from ml.trails.line_marks import SINGLE, consensus_lines, read_marks
from tests.integration.world import end_grace, make_volunteer, make_workflow, subjects_of, vote
from webapp.classifications.line_marks import Line, store_lines
from webapp.classifications.models import Classification
from webapp.classify.record import Item
from webapp.classify.submit import submit, undo
from webapp.consensus.models import Consensus
from webapp.exports import classification_rows as export_rows
from webapp.exports.formats import EXPORTS
from webapp.learning import label_snapshot, test_sets, training_sets
from webapp.learning.model_roles import classes_of
from webapp.learning.models import Checkpoint, Score, TrainingRun, TrainingSet
from webapp.review.rulings import rule
from webapp.volunteers.identity import pseudonym
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db

PANOPTES_COLUMNS = {
    "classifications.csv": "classification_id,user_name,user_id,user_ip,workflow_id,workflow_name,workflow_version,"
    "created_at,gold_standard,expert,metadata,annotations,subject_data,subject_ids",
    "subjects.csv": "subject_id,project_id,workflow_id,subject_set_id,metadata,locations,classifications_count,"
    "retired_at,retirement_reason,created_at,updated_at",
    "workflow.csv": "workflow_id,display_name,version,active,classifications_count,pairwise,grouped,prioritized,"
    "primary_language,first_task,tutorial_subject_id,retired_set_member_subjects_count,tasks,retirement,strings,"
    "minor_version",
}


def written(workflow, name):
    return b"".join(EXPORTS[name].parts(workflow, "https://sky.example")).decode()


def table(workflow, name):
    return list(csv.DictReader(io.StringIO(written(workflow, name))))


@pytest.fixture
def workflow(db):
    return make_workflow(subjects=3, gold=1, min_votes=2, max_votes=2, method="majority")


@pytest.mark.parametrize("name", PANOPTES_COLUMNS)
def test_the_columns_are_those_of_panoptes(workflow, name):
    assert written(workflow, name).splitlines()[0] == PANOPTES_COLUMNS[name]


def test_an_answer_as_panoptes_writes_it(workflow):
    ann = make_volunteer("ann")
    subject, *_ = subjects_of(workflow)
    began = datetime(2025, 1, 21, 16, 8, 30, 250_000, tzinfo=UTC)
    item = Item(uuid.uuid4(), subject.pk, "no", "CR", began, began.replace(second=41), "desktop", "1440x900", 2)
    submit(ann, workflow, [item])
    end_grace()
    Classification.objects.update(created_at=began.replace(second=41))
    vote(make_volunteer(), workflow, subject, "no")
    row, visitor = sorted(table(workflow, "classifications.csv"), key=lambda row: row["user_name"], reverse=True)
    assert row["created_at"] == "2025-01-21 16:08:41 UTC"
    assert (row["workflow_id"], row["workflow_name"], row["workflow_version"]) == (str(workflow.pk), "ATLAS", "1.1")
    assert (row["gold_standard"], row["expert"], row["subject_ids"]) == ("", "", str(subject.pk))
    assert json.loads(row["annotations"]) == [
        {"task": "T0", "task_label": "Real?", "value": "No"},
        {"task": "T1", "task_label": "What is it?", "value": "CR"},
    ]
    about = json.loads(row["metadata"])
    assert (about["started_at"], about["viewport"]) == ("2025-01-21T16:08:30.250Z", {"width": 1440, "height": 900})
    assert about["subject_dimensions"] == [{"naturalWidth": 8, "naturalHeight": 8}] * 2
    said = json.loads(row["subject_data"])[str(subject.pk)]
    assert (said["external_id"], said["site"]) == ("atlas-0", "T08")
    assert (said["retired"]["retirement_reason"], said["retired"]["classifications_count"]) == ("consensus", 2)
    assert row["user_id"].isdigit()
    assert visitor["user_name"].startswith("not-logged-in-")
    assert visitor["user_id"] == ""
    of_subject = next(row for row in table(workflow, "subjects.csv") if row["subject_id"] == str(subject.pk))
    assert (of_subject["classifications_count"], of_subject["retirement_reason"]) == ("2", "consensus")
    assert of_subject["retired_at"].endswith(" UTC")
    assert json.loads(of_subject["locations"])["1"].startswith(f"https://sky.example/pixels/{subject.pk}/")


def test_what_was_taken_back_or_may_yet_be_never_leaves(workflow):
    ann, bob = make_volunteer("ann"), make_volunteer("bob")
    first, second, _ = subjects_of(workflow)
    withdrawn = submit(ann, workflow, [Item(uuid.uuid4(), first.pk, "yes")])[0].recorded.classification
    undo(ann, withdrawn.pk)
    submit(bob, workflow, [Item(uuid.uuid4(), second.pk, "yes")])  # within its grace
    assert table(workflow, "classifications.csv") == []
    assert [task["annotations"] for task in json.loads(written(workflow, "label-studio.json"))] == [[]] * 4
    assert end_grace() == 1
    assert len(table(workflow, "classifications.csv")) == 1


def test_lines_are_what_the_trail_detector_is_trained_on(workflow, tmp_path):
    ann, bob, careless = make_volunteer("ann"), make_volunteer("bob"), make_volunteer("careless")
    first, second, _ = subjects_of(workflow)
    answers = [vote(who, workflow, first).recorded.classification for who in (ann, bob)]
    store_lines({answers[0]: [Line(1, 2, 5, 6), Line(0, 7, 7, 0)], answers[1]: [Line(1.5, 2, 5, 6.5)]})
    undone = submit(ann, workflow, [Item(uuid.uuid4(), second.pk, "yes")])[0].recorded.classification
    store_lines({undone: [Line(0, 0, 1, 1)]})
    undo(ann, undone.pk)
    out = vote(careless, workflow, second).recorded.classification
    store_lines({out: [Line(0, 0, 7, 7)]})
    Classification.objects.filter(pk=out.pk).update(log_odds_micronats=None)
    said_no = vote(make_volunteer("no"), workflow, second).recorded.classification
    store_lines({said_no: [Line(0, 0, 7, 7)]})
    Classification.objects.filter(pk=said_no.pk).update(answer="no")
    file = tmp_path / "lines.csv"
    call_command("export", workflow.slug, "lines.csv", out=file)
    assert [row["answer"] for row in csv.DictReader(file.read_text().splitlines())] == ["yes"] * 3
    [(name, marks)] = read_marks(file).items()
    assert name == first.external_id
    assert sorted(mark.line for mark in marks) == [(0, 7, 7, 0), (1, 2, 5, 6), (1.5, 2, 5, 6.5)]
    assert {mark.volunteer for mark in marks} == {pseudonym(who.key, True).user_name for who in (ann, bob)}
    assert EXPORTS["lines.csv"].rows(workflow) == 3
    assert [(each.volunteers, each.weight) for each in consensus_lines(marks)] == [(2, 1.0), (1, SINGLE)]


def test_nobody_can_be_told_from_an_export(workflow, django_user_model):
    user = django_user_model.objects.create_user(
        "Kassandra.Ἀγαμέμνων", email="kassandra@troy.example", first_name="Kassandra", last_name="Priamides"
    )
    volunteer = Volunteer.objects.create(user=user)
    for subject in subjects_of(workflow):
        vote(volunteer, workflow, subject)
    rule(subject=subjects_of(workflow)[0], workflow=workflow, scientist=user, verdict="yes", note="Kassandra said so.")
    for name in EXPORTS:
        content = b"".join(EXPORTS[name].parts(workflow, "https://sky.example")).decode(errors="replace").casefold()
        for secret in ("kassandra", "priamides", "troy.example", volunteer.key.hex, str(volunteer.key)):
            assert secret.casefold() not in content, name
    numbers = {row["user_id"] for row in table(workflow, "classifications.csv")}
    assert numbers.isdisjoint({str(user.pk), str(volunteer.pk)})


def test_pseudonyms_last_and_hang_on_the_sites_secret(workflow):
    other = make_workflow(subjects=1, slug="other")
    ann, bob = make_volunteer("ann"), make_volunteer("bob")
    for each in (workflow, other):
        for volunteer in (ann, bob):
            vote(volunteer, each, subjects_of(each)[0])
    once, again, elsewhere = (
        sorted((row["user_name"], row["user_id"], row["user_ip"]) for row in table(each, "classifications.csv"))
        for each in (workflow, workflow, other)
    )
    assert once == again == elsewhere
    assert len(set(once)) == 2
    pseudonym.cache_clear()
    with override_settings(SECRET_KEY="another"):
        names = {row["user_name"] for row in table(workflow, "classifications.csv")}
    pseudonym.cache_clear()
    assert names.isdisjoint({name for name, _, _ in once})


def test_pages_join_without_a_gap_or_an_overlap(workflow, monkeypatch):
    for name in ("ann", "bob", "cleo", "dora", "emil"):
        volunteer = make_volunteer(name)
        for subject in subjects_of(workflow):
            vote(volunteer, workflow, subject)
    whole = {name: written(workflow, name) for name in EXPORTS if not name.endswith("parquet")}
    for size in (1, 2, 4, 5, 15):
        monkeypatch.setattr(export_rows, "PAGE", size)
        monkeypatch.setattr("webapp.exports.consensus.PAGE", size)
        assert {name: written(workflow, name) for name in whole} == whole


def test_the_consensus_tells_all_that_is_known(workflow, settings, django_user_model):
    survey = workflow.survey
    first, second, third = subjects_of(workflow)
    for name, answer in (("ann", "yes"), ("bob", "no"), ("cleo", "yes")):
        vote(make_volunteer(name), workflow, first, answer, "AST" if answer == "yes" else "")
    vote(make_volunteer("dora"), workflow, second, "unsure")
    scientist = django_user_model.objects.create_user("scientist")
    rule(subject=third, workflow=workflow, scientist=scientist, verdict="no", label="CR")
    run = TrainingRun.objects.create(survey=survey, workflow=workflow, role="tracklet", state="done")
    champion = Checkpoint.objects.create(survey=survey, role="tracklet", run=run, manifest={}, is_champion=True)
    Score.objects.create(checkpoint=champion, subject=first, probabilities=[0.2, 0.8], p_real=0.8, entropy=0.5)
    for folder, name, subject in ((training_sets.FOLDER, "a" * 64, first), (test_sets.FOLDER, "b" * 64, third)):
        label = label_snapshot.Label(subject.pk, subject.external_id, "", 0, "", "AST", ("AST",), 1.0, "consensus")
        label_snapshot.write_snapshot(folder, name, [label], classes_of(survey))
    TrainingSet.objects.create(workflow=workflow, hash="a" * 64, size=1)
    TrainingSet.objects.create(workflow=workflow, hash="c" * 64, size=1)  # its file was removed
    survey.test_sets.create(kind="tracklet", hash="b" * 64, size=1)
    rows = {row["external_id"]: row for row in table(workflow, "consensus.csv")}
    row = rows["atlas-0"]
    assert (row["votes"], row["winning_answer"], row["winning_votes"]) == ("3", "yes", "2")
    assert float(row["agreement"]) == pytest.approx(2 / 3)
    assert (row["votes_yes"], row["votes_no"], row["votes_unsure"]) == ("2", "1", "0")
    assert json.loads(row["follow_ups"]) == {"AST": 2}
    assert (row["training_sets"], row["test_sets"]) == ("a" * 10, "")
    assert (row["champion"], row["champion_score"]) == (str(champion), "0.8")
    assert rows["atlas-1"]["winning_answer"] == "unsure"
    ruled = rows["atlas-2"]
    assert (ruled["votes"], ruled["agreement"], ruled["ruling"], ruled["ruling_label"]) == ("0", "", "no", "CR")
    assert (ruled["is_retired"], ruled["retired_reason"], ruled["is_gold"]) == ("true", "human", "true")
    assert ruled["test_sets"] == "b" * 10
    parquet = pq.read_table(io.BytesIO(b"".join(EXPORTS["consensus.parquet"].parts(workflow, ""))))
    typed = {each["external_id"]: each for each in parquet.to_pylist()}
    assert parquet.column_names == list(row)
    assert typed["atlas-0"]["agreement"] == pytest.approx(2 / 3)
    assert typed["atlas-2"]["retired_at"].tzinfo is not None
    assert (typed["atlas-2"]["agreement"], typed["atlas-2"]["champion_score"]) == (None, None)


@pytest.mark.parametrize("answers", [["unsure"], ["no"], ["no", "unsure"], ["yes", "yes"], ["yes", "no"]])
@pytest.mark.parametrize("reason", ["", "consensus", "nothing_here", "classification_count"])
def test_the_label_is_that_of_the_site_whatever_retired_the_subject(workflow, answers, reason):
    subject, *_ = subjects_of(workflow)
    for answer in answers:
        vote(make_volunteer(), workflow, subject, answer)
    Consensus.objects.update(is_retired=bool(reason), retired_reason=reason)
    (row,) = table(workflow, "consensus.csv")
    assert row["label"] == Consensus.objects.get().label
    if answers == ["unsure"]:
        assert row["label"] == ""


def test_an_empty_workflow_has_files_too():
    workflow = make_workflow(subjects=0)
    assert json.loads(written(workflow, "label-studio.json")) == []
    assert table(workflow, "classifications.csv") == table(workflow, "consensus.csv") == []
    parquet = b"".join(EXPORTS["consensus.parquet"].parts(workflow, ""))
    assert pq.read_table(io.BytesIO(parquet)).num_rows == 0


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        *[("=1+1", "'=1+1"), ("@a", "'@a"), ("-x", "'-x"), ("-1.5e3", "-1.5e3"), ("+7", "+7"), ("ok", "ok"), ("", "")],
        *[("\n=1", "'\n=1"), ("\uff1d1+1", "'\uff1d1+1"), ("\uff20a", "'\uff20a")],
    ],
)
def test_no_spreadsheet_runs_what_people_wrote(workflow, text, cell):
    assert harmless(text) == cell
    workflow.name = text
    vote(make_volunteer("ann"), workflow, subjects_of(workflow)[0])
    assert table(workflow, "classifications.csv")[0]["workflow_name"] == cell


def test_the_command_writes_a_whole_file_or_none(workflow, tmp_path, capsysbinary):
    out = tmp_path / "votes.csv"
    call_command("export", "atlas", "classifications.csv", "--out", str(out))
    assert out.read_text() == written(workflow, "classifications.csv")
    call_command("export", "atlas", "workflow.csv", "--out", "-")
    assert capsysbinary.readouterr().out.endswith(written(workflow, "workflow.csv").encode())
    with pytest.raises(CommandError, match="could not be written"):
        call_command("export", "atlas", "workflow.csv", "--out", str(tmp_path / "absent" / "x.csv"))
    with pytest.raises(CommandError, match="There is no workflow"):
        call_command("export", "absent", "workflow.csv")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["votes.csv"]
