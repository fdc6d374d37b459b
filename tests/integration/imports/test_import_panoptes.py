"""Answers in a Panoptes export are imported once and count like any other; skipped rows have reasons."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.integration.imports.files import PANOPTES, YES_NO, counts, imported, panoptes_row, write_csv
from tests.integration.world import (
    entry_of,
    make_subject,
    make_volunteer,
    make_workflow,
    recount,
    subjects_of,
    vote,
)
from webapp.accounts.merge_visitor import merge
from webapp.archive.models import Subject
from webapp.classifications.models import Classification, Mark
from webapp.consensus.batch_aggregation import start_aggregation, workflows_to_aggregate
from webapp.consensus.models import Aggregation, Consensus, Skill
from webapp.exports.formats import EXPORTS
from webapp.imports.mapping import Choices
from webapp.imports.run_import import store_import_file, upload_path
from webapp.quality.models import QualityScan
from webapp.quality.quality_scan import start_scan, workflows_to_scan
from webapp.queue.leases import lease_next
from webapp.queue.membership import enqueue_subjects
from webapp.volunteers.identity import pseudonym
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db


def state():
    """Return everything that an import may change."""
    return (
        sorted(Classification.objects.values_list("pk", "volunteer", "subject", "answer", "follow_up", "created_at")),
        sorted(Mark.objects.values_list("classification", "position", "x1", "y1", "x2", "y2")),
        sorted(Consensus.objects.values_list("subject", "votes_yes", "votes_no", "votes_unsure", "posterior")),
        sorted(
            Skill.objects.values_list(
                "volunteer", "true_yes_said_yes", "true_yes_said_no", "true_no_said_yes", "true_no_said_no"
            )
        ),
        Volunteer.objects.count(),
    )


def test_answers_come_in_and_a_second_time_nothing_changes(tmp_path):
    workflow = make_workflow(subjects=2, gold=1)
    rows = [
        panoptes_row(1, "ann", "atlas-0", "Yes"),
        panoptes_row(2, "bob", "atlas-0", "No"),
        panoptes_row(3, "ann", "atlas-1", "Not sure"),
        panoptes_row(4, "ann", "atlas-g0", "No"),
    ]
    path = write_csv(tmp_path / "answers.csv", rows)
    job = imported(workflow, path)
    assert (job.state, job.added, job.known, job.skipped, job.report) == ("done", 4, 0, 0, {})
    first, second = subjects_of(workflow)
    row = Consensus.objects.get(subject=first)
    assert (row.votes_yes, row.votes_no, row.votes_unsure) == (1, 1, 0)
    assert entry_of(workflow, second).open_slots == 2
    ann = Classification.objects.get(subject=second).volunteer
    assert ann.user is None
    assert Skill.objects.get(volunteer=ann).true_no_said_no == 1
    given = Classification.objects.get(subject=second)
    assert given.created_at.isoformat() == "2025-01-21T16:08:41+00:00"
    assert (given.finished_at - given.started_at).total_seconds() == 10.6
    before = state()
    again = imported(workflow, path)
    assert (again.state, again.added, again.known, again.skipped) == ("done", 0, 4, 0)
    assert state() == before
    recount(workflow)
    assert state() == before


def test_whatever_does_not_come_in_says_why(tmp_path):
    workflow = make_workflow(subjects=3)
    make_subject(workflow.survey, "not-queued")
    several = [{"choice": "Yes", "answers": {}}, {"choice": "No", "answers": {}}]
    rows = [
        panoptes_row(1, "ann", "atlas-0"),
        panoptes_row(1, "ann", "atlas-0"),
        panoptes_row(2, "ann", "atlas-0", "No"),
        panoptes_row(3, "ann", "absent"),
        panoptes_row(4, "ann", "not-queued"),
        panoptes_row(5, "ann", "atlas-1", "Perhaps\0"),
        panoptes_row(6, "ann", "atlas-1", None),
        panoptes_row(7, "ann", "atlas-1", "Ugly"),
        panoptes_row(8, "ann", "atlas-1", several),
        panoptes_row(9, "ann", "atlas-1", annotations="{not json"),
        panoptes_row(10, "ann", "atlas-1", annotations='{"task": "T0"}'),
        panoptes_row(11, " ", "atlas-1"),
        panoptes_row("", "ann", "atlas-1", subject_ids="5"),
        panoptes_row(13, "ann", "atlas-1", subject_ids="5;6"),
        panoptes_row(14, "ann", "atlas-1", subject_data="[]"),
        panoptes_row(15, "\ud800bob", "atlas-1", created_at="yesterday", metadata="NaN"),
    ]
    for row in rows:
        row["user_name"] = row["user_name"].encode("utf-8", "replace").decode()
    path = write_csv(tmp_path / "answers.csv", rows)
    with path.open("a") as file:
        file.write("16,too,short\n")
    job = imported(workflow, path, Choices(**PANOPTES.stored() | {"answers": YES_NO | {"Ugly": ""}}))
    assert job.state == "done", job.error
    assert counts(job) == {
        "known": 1, "answered": 1, "unknown-subject": 1, "not-queued": 1, "unmapped": 1, "no-answer": 1,
        "left-out": 1, "contradictory": 1, "unreadable": 3, "no-user": 1, "no-id": 1, "several-subjects": 1,
        "no-subject": 1,
    }  # fmt: skip
    assert (job.done, job.added, job.known, job.skipped) == (17, 2, 1, 14)
    assert job.report["unknown-subject"]["examples"] == [{"row": 4, "what": "absent"}]
    assert Classification.objects.count() == 2


def test_an_id_that_the_source_has_used_for_another_subject_is_not_called_imported(tmp_path):
    workflow = make_workflow(subjects=2)
    imported(workflow, write_csv(tmp_path / "one.csv", [panoptes_row(1, "ann", "atlas-0")]))
    rows = [panoptes_row(1, "ann", "atlas-0"), panoptes_row(1, "bob", "atlas-1"), panoptes_row(2, "bob", "atlas-0")]
    rows.append(panoptes_row(2, "bob", "atlas-1"))
    job = imported(workflow, write_csv(tmp_path / "two.csv", rows))
    assert (job.added, job.known, job.skipped) == (1, 1, 2)
    assert [each["row"] for each in job.report["other-subject"]["examples"]] == [2, 4]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "has no column classification_id, user_name, subject_ids"),
        (
            b"classification_id,user_name,subject_ids,val\n1,\xff\xfe,3,yes\n",
            "not text in UTF-8 (line 2). Save it as CSV",
        ),
        (b'classification_id,user_name,subject_ids,val\n1,ann,3,"yes\n', "not a readable CSV file"),
        (b"classification_id,user_name,subject_ids,val,val\n", "two columns of the same name"),
        (b"[{", "is not valid JSON"),
        (b'[{"id": 1, "annotations": [{"id": 1, "result": [NaN]}]}]', "is not valid JSON"),
        (b"\x89PNG\r\n\x1a\n", "not text in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_brings_nothing_in(tmp_path, content, sentence):
    workflow = make_workflow(subjects=1)
    path = tmp_path / "answers.csv"
    path.write_bytes(content)
    job = imported(workflow, path)
    assert job.state == "failed"
    assert sentence in job.error
    assert job.error.endswith("Nothing was imported.")
    assert not Classification.objects.exists()


def test_a_file_that_breaks_late_brings_nothing_in(tmp_path):
    workflow = make_workflow(subjects=2)
    path = write_csv(tmp_path / "answers.csv", [panoptes_row(n, f"v{n}", "atlas-0") for n in range(600)])
    with path.open("ab") as file:
        file.write(b"\xff\n")
    assert imported(workflow, path).state == "failed"
    assert not Classification.objects.exists()


def drawing(*values, dimensions=None):
    about = {"subject_dimensions": dimensions} if dimensions else {}
    marks = [{"task": "T0", "value": "Yes"}, {"task": "T2", "task_label": "Trails", "value": list(values)}]
    return {"annotations": json.dumps(marks), "metadata": json.dumps(about)}


def test_lines_of_both_classifiers_come_in_where_they_were_drawn(tmp_path):
    workflow = make_workflow(subjects=1, line_marking=True)
    choices = Choices(**PANOPTES.stored() | {"lines_task": "T2"})
    old = {"tool": 0, "frame": 1, "details": [], "x1": 1.5, "y1": 5.5, "x2": 5.5, "y2": 1.5, "tool_label": "Trail"}
    new = {"toolIndex": 0, "toolType": "line", "frame": 0, "x1": 15, "y1": 55, "x2": 55, "y2": 15}
    point = {"toolIndex": 1, "toolType": "point", "frame": 0, "x": 3, "y": 3}
    bad = [new | {"x1": float("nan")}, new | {"x2": 1e9}, new | {"y1": "north"}, new | {"frame": 7}, point]
    tenfold = [{"naturalWidth": 80, "naturalHeight": 80}] * 2
    rows = [
        panoptes_row(1, "ann", "atlas-0", **drawing(old)),
        panoptes_row(2, "bob", "atlas-0", **drawing(new, *bad, dimensions=tenfold)),
    ]
    job = imported(workflow, write_csv(tmp_path / "answers.csv", rows), choices)
    assert (job.added, job.skipped, job.lines) == (2, 0, 2)
    assert counts(job) == {"line": 4, "shape": 1}
    marks = Mark.objects.order_by("-frame")
    assert [(mark.frame, mark.x1, mark.y1, mark.x2, mark.y2) for mark in marks] == [
        (1, 1.0, 2.0, 5.0, 6.0),
        (0, 1.0, 2.0, 5.0, 6.0),
    ]


def test_a_no_comes_in_without_its_lines(tmp_path):
    workflow = make_workflow(subjects=1, line_marking=True)
    choices = Choices(**PANOPTES.stored() | {"lines_task": "T2"})
    line = {"tool": 0, "frame": 0, "x1": 1.5, "y1": 5.5, "x2": 5.5, "y2": 1.5}
    drawn = {"annotations": drawing(line)["annotations"].replace("Yes", "No")}
    job = imported(workflow, write_csv(tmp_path / "answers.csv", [panoptes_row(1, "ann", "atlas-0", **drawn)]), choices)
    assert (job.added, job.lines, counts(job)) == (1, 0, {"line": 1})
    assert not Mark.objects.exists()


def test_an_import_into_another_workflow_is_another(tmp_path):
    first, second = make_workflow(subjects=1), make_workflow(subjects=1, slug="second")
    Subject.objects.filter(external_id="atlas-0").update(external_id="shared")
    path = write_csv(tmp_path / "answers.csv", [panoptes_row(1, "ann", "shared"), panoptes_row(2, "ann", "second-0")])
    assert [imported(each, path).added for each in (first, second)] == [1, 1]
    assert Volunteer.objects.count() == 1


def test_imported_votes_are_news_to_the_nightly_jobs_however_old_they_are(tmp_path):
    workflow = make_workflow(subjects=2)
    vote(make_volunteer(), workflow, subjects_of(workflow)[0])
    yesterday = timezone.now() - timedelta(days=1)
    for model, start in ((Aggregation, start_aggregation), (QualityScan, start_scan)):
        start(workflow, by=None)
        model.objects.update(created_at=yesterday)
    Classification.objects.update(created_at=yesterday - timedelta(days=1))
    Consensus.objects.update(updated_at=yesterday - timedelta(days=1))
    assert (workflows_to_aggregate(), workflows_to_scan()) == ([], [])
    imported(workflow, write_csv(tmp_path / "answers.csv", [panoptes_row(1, "ann", "atlas-1")]))
    assert (workflows_to_aggregate(), workflows_to_scan()) == ([workflow], [workflow])


def test_whoever_has_joined_since_an_export_is_not_another_person_in_it(tmp_path):
    workflow, visitor = make_workflow(subjects=2), make_volunteer()
    for subject in subjects_of(workflow):
        vote(visitor, workflow, subject)
    path = tmp_path / "own.csv"
    path.write_bytes(b"".join(EXPORTS["classifications.csv"].parts(workflow, "https://site.example")))
    merge(visitor, make_volunteer("vera"))
    job = imported(workflow, path, Choices("export", "metadata:external_id", "T0", {"Yes": "yes"}))
    assert (job.added, counts(job)) == (0, {"answered": 2})


def test_the_people_of_another_workflows_export_are_the_same_people_here(tmp_path):
    """Their own later answer would count beside the imported one."""
    one, two = make_workflow(subjects=2), make_workflow(subjects=0, slug="two")
    two.subject_sets.set(one.subject_sets.all())
    enqueue_subjects(two)
    vera = make_volunteer("vera")
    for subject in subjects_of(one):
        vote(vera, one, subject)
    path = tmp_path / "one.csv"
    path.write_bytes(b"".join(EXPORTS["classifications.csv"].parts(one, "https://site.example")))
    assert imported(two, path, Choices("export", "metadata:external_id", "T0", {"Yes": "yes"})).added == 2
    assert set(Classification.objects.filter(workflow=two).values_list("volunteer", flat=True)) == {vera.pk}


def test_nobody_is_asked_again_about_what_they_answered_in_an_imported_file(tmp_path):
    workflow, vera = make_workflow(subjects=1, min_votes=2), make_volunteer("vera")
    lease_next(vera, workflow, 1)
    own = pseudonym(vera.key, has_account=True).user_name
    Classification.objects.create(
        id=uuid4(), volunteer=vera, workflow=workflow, subject=make_subject(workflow.survey, "b")
    )
    imported(workflow, write_csv(tmp_path / "own.csv", [panoptes_row(1, own, "atlas-0")]))
    assert lease_next(vera, workflow, 1).leases == []
    assert entry_of(workflow, Subject.objects.get(external_id="atlas-0")).open_slots == 1


def test_an_upload_may_have_a_longer_name_than_the_disk_can_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "DATA", tmp_path)
    workflow = make_workflow(subjects=1)
    token = store_import_file(workflow, SimpleUploadedFile("分" * 95 + ".csv", b"a,b"))
    path = upload_path(workflow, token)
    assert (path.suffix, path.read_bytes()) == (".csv", b"a,b")
