"""Zooniverse's panoptes_aggregation reads our exports, and its counts equal ours."""

import csv
import json
import random
import subprocess
import uuid

import pytest

from tests.acceptance.other_environments import environment_or_skip
from tests.integration.world import end_grace, make_volunteer, make_workflow, subjects_of, vote
from webapp.classifications.line_marks import Line
from webapp.classifications.models import Classification
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.consensus.apply_votes import recompute_subjects
from webapp.consensus.models import Consensus
from webapp.exports.formats import EXPORTS

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]


@pytest.fixture(scope="session")
def programs():
    return environment_or_skip("panoptes")


IN_TURN = """
import runpy, sys
program, *commands = sys.argv[1:]
for command in commands:
    sys.argv = [program, *command.split()]
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            raise
"""
"""Runs their program for one command after another, since it takes longer to load than to run."""


@pytest.fixture
def aggregate(programs, tmp_path):
    def run(*commands):
        program = [programs / "python", "-W", "ignore", "-c", IN_TURN, programs / "panoptes_aggregation"]
        done = subprocess.run([*program, *commands], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def write(workflow, folder):
    for name in ("classifications.csv", "workflow.csv"):
        (folder / name).write_bytes(b"".join(EXPORTS[name].parts(workflow, "https://sky.example")))


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def reduced(aggregate, workflow, folder, extractor, reducer):
    """Run config, extract and reduce as their documentation says; return the reduction's rows."""
    write(workflow, folder)
    version = f"workflow_{workflow.pk}_V1.1"
    aggregate(
        f"config workflow.csv {workflow.pk}",
        f"extract classifications.csv Extractor_config_{version}.yaml -hb",
        f"reduce {extractor}_extractions.csv Reducer_config_{version}_{extractor}.yaml -hb",
    )
    return table(folder / f"{reducer}_reductions.csv")


def test_the_reduced_counts_are_our_consensus(aggregate, tmp_path):
    workflow = make_workflow(subjects=12, gold=2, help_text="= 1 + 1")
    workflow.question = "Is it real?\nLook “twice” \N{TELESCOPE}, and don't hurry; null is true"
    workflow.save()
    chance = random.Random(5)
    subjects = subjects_of(workflow) + subjects_of(workflow, gold=True)
    for name in ("ann", "bob", None, "dora", "emil", None):
        volunteer = make_volunteer(name)
        for subject in subjects:
            answer = chance.choice(("yes", "no", "unsure"))
            follow_up = {"yes": "AST", "no": "CR"}.get(answer, "") if chance.random() < 0.5 else ""
            vote(volunteer, workflow, subject, answer, follow_up)
    withdrawn = vote(make_volunteer("withdrew"), workflow, subjects[0], "yes").recorded.classification
    Classification.objects.filter(pk=withdrawn.pk).update(withdrawn_at=withdrawn.created_at)
    recompute_subjects(workflow, [subjects[0].pk])

    rows = reduced(aggregate, workflow, tmp_path, "question_extractor", "question_reducer")
    counts = {
        (int(row["subject_id"]), row["task"], column.removeprefix("data.")): float(row[column])
        for row in rows
        for column in row
        if column.startswith("data.") and column != "data.aggregation_version" and row[column]
    }
    ours = {}
    for row in Consensus.objects.filter(workflow=workflow):
        said = {"yes": row.votes_yes, "no": row.votes_no, "unsure": row.votes_unsure}
        ours |= {(row.subject_id, "T0", answer): n for answer, n in said.items() if n}
        ours |= {(row.subject_id, "T1", label.lower()): n for label, n in row.follow_ups.items()}
    assert counts == ours
    assert len(ours) > 40


def test_lines_are_extracted_where_they_were_drawn(aggregate, tmp_path):
    workflow = make_workflow(subjects=1, line_marking=True)
    [subject] = subjects_of(workflow)
    for name in ("ann", "bob", "cleo", "dora"):
        lines = (Line(x1=1.0, y1=2.0, x2=5.0, y2=6.0, frame=1), Line(x1=0.0, y1=0.0, x2=7.0, y2=0.25))
        submit(make_volunteer(name), workflow, [Item(uuid.uuid4(), subject.pk, "yes", marks=lines)])
    end_grace()
    [row] = reduced(aggregate, workflow, tmp_path, "shape_extractor_line", "shape_reducer_dbscan")
    # From the upper left corner of a picture of 8 rows, where the centre of the first pixel is half a pixel in.
    where = {name: json.loads(row[f"data.frame1.T2_toolIndex0_clusters_{name}"]) for name in ("x1", "y1", "x2", "y2")}
    assert where == {"x1": [1.5], "y1": [5.5], "x2": [5.5], "y2": [1.5]}
    assert json.loads(row["data.frame0.T2_toolIndex0_clusters_count"]) == [4]
    assert json.loads(row["data.frame0.T2_toolIndex0_clusters_y2"]) == [7.25]
