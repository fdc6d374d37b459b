"""Real Panoptes exports are imported completely, and idempotently: one question, supernovae, an animal survey."""

import csv
import json
from collections import Counter

import numpy as np
import pytest
from django.core.management import call_command

from webapp.archive.models import Subject, SubjectSet, Survey
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.imports.inspect import inspect_file
from webapp.imports.models import ClassificationImport
from webapp.queue.membership import enqueue_subjects
from webapp.volunteers.models import Volunteer
from webapp.workflows.models import Workflow

pytestmark = [pytest.mark.django_db, pytest.mark.real]


@pytest.fixture
def folder(shared_data):
    return shared_data / "panoptes"


def queue(*external_ids):
    """Create a workflow with subjects of these external ids."""
    survey = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    members = SubjectSet.objects.create(survey=survey, name="all")
    rows = [
        Subject(
            survey=survey, external_id=each, kind="stamp", zarr_array="1x1x8x8-float32", zarr_index=place,
            checksum=each,
            object_group=each,
        )
        for place, each in enumerate(external_ids)
    ]  # fmt: skip
    members.subjects.set(Subject.objects.bulk_create(rows))
    workflow = Workflow.objects.create(survey=survey, slug="votes", name="Votes", kind="stamp", question="Real?")
    workflow.subject_sets.add(members)
    enqueue_subjects(workflow)
    return workflow


def rows_of(path):
    csv.field_size_limit(2**24)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def bring_in(path, *options):
    call_command("import_classifications", str(path), "--workflow", "votes", *options)
    return ClassificationImport.objects.first()


def test_a_list_of_votes(folder):
    path = folder / "presence-or-absence-votes.csv"
    rows = rows_of(path)
    workflow = queue(*{row["subject_ids"] for row in rows})
    guess = inspect_file(path, workflow).guess(workflow)
    assert (guess.source, guess.match, guess.task) == (path.stem, "subject", "val")
    job = bring_in(path)
    meant = [row for row in rows if row["val"] != "null"]
    first = {(row["user_name"], row["subject_ids"]): row["val"] for row in reversed(meant)}
    assert (job.state, job.done) == ("done", len(rows))
    assert job.added == len(first)
    assert job.report["left-out"]["count"] == len(rows) - len(meant)
    assert job.report["answered"]["count"] == len(meant) - len(first)
    assert Volunteer.objects.count() == len({row["user_name"] for row in meant})
    counted = Counter(value for value in first.values())
    sums = Consensus.objects.all()
    assert sum(each.votes_yes for each in sums) == counted["Yes!"]
    assert sum(each.votes_no for each in sums) == counted["No."]
    before = sorted(sums.values_list("subject", "votes_yes", "votes_no", "posterior"))
    again = bring_in(path)
    assert (again.state, again.added, again.known) == ("done", 0, job.added)
    assert again.report["answered"] == job.report["answered"]
    assert sorted(Consensus.objects.values_list("subject", "votes_yes", "votes_no", "posterior")) == before


def test_questions_told_by_their_metadata(folder):
    path = folder / "question-export.csv"
    rows = rows_of(path)
    subjects = {next(iter(json.loads(row["subject_data"]).values()))["objectId"] for row in rows}
    workflow = queue(*subjects)
    guess = inspect_file(path, workflow).guess(workflow)
    assert (guess.match, guess.task) == ("metadata:objectId", "T0")
    job = bring_in(path)
    assert (job.state, job.added, job.skipped) == ("done", len(rows), 0)
    said = Counter(json.loads(row["annotations"])[0]["value"].lower() for row in rows)
    assert Counter(Classification.objects.values_list("answer", flat=True)) == said
    given = Classification.objects.order_by("created_at").first()
    assert f"{given.created_at:%Y-%m-%d %H:%M:%S} UTC" == min(row["created_at"] for row in rows)


def test_a_survey_of_animals_with_nothing_here_as_no(folder):
    path = folder / "michigan-sample.csv"
    rows = rows_of(path)
    queue(*{row["subject_ids"] for row in rows})
    job = bring_in(path, "--task", "T3")
    assert (job.state, job.done, job.added) == ("done", 2000, 1996)
    assert {reason: said["count"] for reason, said in job.report.items()} == {"answered": 3, "contradictory": 1}
    assert job.report["contradictory"]["examples"] == [{"row": 548, "what": "DEER, NOTHINGHERE"}]
    empty = {row["classification_id"] for row in rows if "NOTHINGHERE" in row["annotations"]}
    assert 0.9 * len(empty) <= Classification.objects.filter(answer="no").count() <= len(empty)
    assert np.all([each.votes > 0 for each in Consensus.objects.all()])


def test_subjects_that_the_survey_lacks_are_counted_and_named(folder):
    queue("96588114", "5")
    job = bring_in(folder / "question-export.csv")
    assert (job.added, job.report["unknown-subject"]["count"]) == (1, 6)
    assert job.report["unknown-subject"]["examples"][0]["what"]
