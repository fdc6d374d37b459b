"""Label Studio's SDK accepts our configuration, tasks, annotations, and the champion's predictions."""

import json
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.acceptance.other_environments import environment_or_skip
from tests.integration.api.label_studio.requests import MANIFEST, ask, basic, make_champion, score_real
from tests.integration.people import member
from tests.integration.world import end_grace, make_volunteer, make_workflow, subjects_of
from webapp.archive.models import Survey
from webapp.classifications.line_marks import Line
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.exports.formats import EXPORTS

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]
CHECK = Path(__file__).with_name("label_studio_check.py")


@pytest.fixture(scope="session")
def programs():
    return environment_or_skip("label-studio")


@pytest.fixture
def faults_in(programs):
    def run(**given):
        command = [programs / "python", "-W", "ignore", CHECK]
        empty = {"tasks": [], "annotations": [], "predictions": []}
        done = subprocess.run(command, input=json.dumps(empty | given), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def workflow():
    """A workflow with three subjects: two with the champion's scores, one with an answer, a follow-up and lines."""
    made = make_workflow(subjects=3, line_marking=True)
    Survey.objects.update(classes=MANIFEST["classes"], positive=MANIFEST["positive"])
    champion = make_champion(made, "tracklet")
    first, second, _ = subjects_of(made)
    score_real(champion, first, 0.75)
    score_real(champion, second, 0.125)
    lines = (Line(x1=0.25, y1=1, x2=7.5, y2=-0.5, frame=1), Line(x1=-0.5, y1=0, x2=3, y2=7))
    submit(make_volunteer("ann"), made, [Item(uuid.uuid4(), first.pk, "yes", "AST", marks=lines)])
    submit(make_volunteer("bob"), made, [Item(uuid.uuid4(), second.pk, "unsure")])
    end_grace()
    return made


def exported(workflow):
    names = ("label-studio.json", "label-studio-configuration.xml")
    tasks, configuration = (b"".join(EXPORTS[name].parts(workflow, "https://sky.example")).decode() for name in names)
    return json.loads(tasks), configuration


def test_the_export_is_valid(workflow, faults_in):
    tasks, configuration = exported(workflow)
    annotations = [each for task in tasks for each in task["annotations"]]
    predictions = [each for task in tasks for each in task["predictions"]]
    assert (len(tasks), len(annotations), len(predictions)) == (3, 2, 2)
    data = [{"data": task["data"]} for task in tasks]
    assert faults_in(configuration=configuration, tasks=data, annotations=annotations, predictions=predictions) == []


def test_what_the_backend_predicts_is_valid_for_the_exported_project(workflow, faults_in):
    tasks, configuration = exported(workflow)
    scientist = basic(member(workflow.survey, "scientist", "ann-who-looks"))
    reply = ask(scientist, configuration, *(task["data"] for task in tasks)).json()
    predictions = [each for of_task in reply["results"] for each in of_task]
    assert len(predictions) == 2
    assert faults_in(configuration=configuration, predictions=predictions) == []
    predictions[0]["result"][0]["value"]["choices"] = ["Maybe"]
    assert faults_in(configuration=configuration, predictions=predictions) != [], "the SDK would see a fault"
