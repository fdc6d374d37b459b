"""Answers and lines survive a round trip through Label Studio."""

import json
import uuid
from xml.etree import ElementTree

import pytest

from tests.integration.imports.files import counts, imported
from tests.integration.world import end_grace, make_volunteer, make_workflow, subjects_of
from webapp.classifications.line_marks import Line
from webapp.classifications.models import Classification, Mark
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.consensus.models import Consensus
from webapp.exports.formats import EXPORTS
from webapp.imports.inspect import inspect_file
from webapp.imports.mapping import Choices
from webapp.learning.models import Checkpoint, Score, TrainingRun
from webapp.queue.membership import enqueue_subjects

pytestmark = pytest.mark.django_db

ANSWERS = {"Yes": "yes", "No": "no", "Unsure": "unsure"}
CHOICES = Choices("label-studio", "metadata:external_id", "answer", ANSWERS, "follow_up", "trail")


def written(workflow, name="label-studio.json"):
    return b"".join(EXPORTS[name].parts(workflow, "https://sky.example"))


def answered(slug="atlas"):
    """Make a workflow with two people's answers, one with lines on both frames."""
    workflow = make_workflow(subjects=2, slug=slug, line_marking=True)
    first, second = subjects_of(workflow)
    lines = (Line(x1=0.25, y1=1, x2=7.5, y2=-0.5, frame=1), Line(x1=-0.5, y1=0, x2=3, y2=7))
    submit(make_volunteer("ann"), workflow, [Item(uuid.uuid4(), first.pk, "yes", "AST", marks=lines)])
    submit(make_volunteer("bob"), workflow, [Item(uuid.uuid4(), second.pk, "unsure")])
    end_grace()
    return workflow


def test_tasks_hold_answers_lines_and_the_champions_opinion():
    workflow = answered()
    first, _ = subjects_of(workflow)
    run = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="tracklet", state="done")
    champion = Checkpoint.objects.create(
        survey=workflow.survey, role="tracklet", run=run, manifest={}, is_champion=True
    )
    Score.objects.create(checkpoint=champion, subject=first, probabilities=[0.9, 0.1], p_real=0.1, entropy=0.3)
    task, other = json.loads(written(workflow))
    assert task["data"]["external_id"] == "atlas-0"
    assert task["data"]["site"] == "T08"
    assert not {"#truth", "!filter"} & task["data"].keys(), "annotators see no hidden metadata"
    assert task["data"]["images"][1].endswith(".png?frame=1")
    [annotation] = task["annotations"]
    answer, follow_up, line, _ = annotation["result"]
    assert (answer["type"], answer["value"], answer["from_name"]) == ("choices", {"choices": ["Yes"]}, "answer")
    assert follow_up["value"] == {"choices": ["AST"]}
    assert (line["original_width"], line["original_height"], line["item_index"]) == (8, 8, 1)
    start, end = line["value"]["vertices"]
    # In percent from the upper left corner; the centre of the first pixel of 8 is half a pixel in.
    assert (start["x"], start["y"]) == (100 * 0.75 / 8, 100 * 6.5 / 8)
    assert (end["x"], end["y"]) == (100.0, 100.0)
    assert end["prevPointId"] == start["id"]
    assert (task["predictions"][0]["score"], task["predictions"][0]["result"][0]["value"]) == (0.9, {"choices": ["No"]})
    assert other["predictions"] == []
    Checkpoint.objects.update(manifest={"threshold": 0.08})
    [prediction] = json.loads(written(workflow))[0]["predictions"]
    assert (prediction["score"], prediction["result"][0]["value"]) == (0.1, {"choices": ["Yes"]})


def test_the_configuration_names_every_control_that_tasks_use():
    workflow = answered()
    view = ElementTree.fromstring(written(workflow, "label-studio-configuration.xml").decode())  # ours
    names = {each.get("name"): each.tag for each in view.iter() if each.get("name")}
    used = {
        result["from_name"]
        for task in json.loads(written(workflow))
        for annotation in task["annotations"]
        for result in annotation["result"]
    }
    assert used <= set(names)
    assert names == {"image": "Image", "answer": "Choices", "follow_up": "Choices", "trail": "VectorLabels"}
    assert view.find("Image").get("valueList") == "$images"
    assert [each.get("value") for each in view.find("Choices")] == ["Yes", "No", "Unsure"]


def test_what_went_out_comes_in_elsewhere_as_it_was(tmp_path):
    there = answered()
    path = tmp_path / "tasks.json"
    path.write_bytes(written(there))
    here = make_workflow(subjects=0, slug="here", line_marking=True)
    here.subject_sets.set(there.subject_sets.all())
    enqueue_subjects(here)
    guess = inspect_file(path, here).guess(here)
    assert vars(guess) == {name: value for name, value in CHOICES.stored().items() if name != "answers"}
    job = imported(here, path, CHOICES)
    assert (job.state, job.added, job.lines, job.report) == ("done", 2, 2, {})
    for field in ("answer", "follow_up", "subject", "created_at"):
        pair = [sorted(Classification.objects.filter(workflow=w).values_list(field)) for w in (there, here)]
        assert [str(each)[:20] for each in pair[0]] == [str(each)[:20] for each in pair[1]]
    lines = [
        [(m.frame, m.x1, m.y1, m.x2, m.y2) for m in Mark.objects.filter(classification__workflow=w)]
        for w in (there, here)
    ]
    assert lines[0] == [pytest.approx(line) for line in lines[1]]
    again = imported(here, path, CHOICES)
    assert (again.added, again.known) == (0, 2)


@pytest.mark.parametrize("name", ["label-studio.json", "classifications.csv"])
def test_our_own_file_brought_back_in_changes_nothing(tmp_path, name):
    workflow = answered()
    path = tmp_path / name
    path.write_bytes(written(workflow, name))
    before = list(Consensus.objects.order_by("pk").values("subject", "votes_yes", "votes_unsure", "version"))
    guess = inspect_file(path, workflow).guess(workflow)
    job = imported(workflow, path, Choices(**vars(guess), answers=ANSWERS))
    assert (job.state, job.added) == ("done", 0)
    assert counts(job) == {"answered": 2}
    assert list(Consensus.objects.order_by("pk").values("subject", "votes_yes", "votes_unsure", "version")) == before


def region(kind, value, **more):
    size = {"original_width": 80, "original_height": 40}
    return {"id": uuid.uuid4().hex[:8], "from_name": "trail", "type": kind, "value": value, **size, **more}


def annotation(number, *regions, by=3, **more):
    said = {"id": "a", "from_name": "answer", "type": "choices", "value": {"choices": ["Yes"]}}
    return {"id": number, "completed_by": by, "result": [said, *regions], **more}


def test_shapes_that_are_lines_come_in_and_others_are_told(tmp_path):
    workflow = make_workflow(subjects=1, line_marking=True)
    start, end = region("keypointlabels", {"x": 12.5, "y": 75}), region("keypointlabels", {"x": 75.0, "y": 12.5})
    joined = {"type": "relation", "from_id": start["id"], "to_id": end["id"], "direction": "right"}
    shapes = [
        region("polygonlabels", {"points": [[12.5, 75], [75, 12.5]], "closed": False}),
        region("vectorlabels", {"vertices": [{"x": 12.5, "y": 75}, {"x": 75, "y": 12.5}]}),
        region("rectanglelabels", {"x": 12.5, "y": 25, "width": 50, "height": 12.5, "rotation": 0}),
        region("rectanglelabels", {"x": 50, "y": 0, "width": 40, "height": 25, "rotation": 90}),
        start, end, joined,
        region("polygonlabels", {"points": [[0, 0], [10, 10], [0, 10]]}),
        region("brushlabels", {"format": "rle", "rle": [1, 2]}),
        region("ellipselabels", {"x": 5, "y": 5, "radiusX": 1, "radiusY": 1}),
        region("vectorlabels", {"vertices": [{"x": 12.5, "y": 75}, {"x": 900, "y": "north"}]}),
    ]  # fmt: skip
    data = {"external_id": "atlas-0"}
    broken = [{"id": 8}, 7, annotation(9, by=None), annotation(10, was_cancelled=True), annotation(None)]
    tasks = [
        {"id": 1, "data": data, "annotations": [annotation(1, *shapes), *broken]},
        {"id": 2, "data": [], "annotations": [annotation(2, by={"id": 4, "email": "x@y.example"})]},
        {"id": 3},
        "nonsense",
    ]
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(tasks))
    job = imported(workflow, path, CHOICES)
    assert (job.state, job.added, job.lines) == ("done", 1, 5)
    assert counts(job) == {
        "shape": 3, "line": 1, "unreadable": 2, "no-user": 1, "cancelled": 1, "no-id": 1, "no-subject": 1
    }  # fmt: skip
    lines = [(m.x1, m.y1, m.x2, m.y2) for m in Mark.objects.all()]
    assert sorted(lines) == [
        (0.5, 1.5, 5.5, 6.5),
        (0.5, 1.5, 5.5, 6.5),
        (0.5, 1.5, 5.5, 6.5),
        (0.5, 5.0, 4.5, 5.0),
        (pytest.approx(3.0), 7.5, pytest.approx(3.0), pytest.approx(1.1)),
    ]
