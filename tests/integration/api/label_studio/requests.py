"""Labelling configurations, requests as Label Studio sends them, and champions to answer them."""

import base64

from rest_framework.test import APIClient

from webapp.accounts.tokens import make_token
from webapp.learning.models import Checkpoint, Score, TrainingRun

URL = "/api/label-studio/atlas/"
MANIFEST = {"classes": ["AST", "COMET", "CR"], "positive": ["AST", "COMET"]}


def choices(name, *labels, to="image", **more):
    attributes = "".join(f' {key}="{value}"' for key, value in more.items())
    inner = "".join(f'<Choice value="{label}"/>' for label in labels)
    return f'<Choices name="{name}" toName="{to}"{attributes}>{inner}</Choices>'


def view(*controls):
    return f'<View><Image name="image" value="$image"/>{"".join(controls)}</View>'


YES_NO = view(choices("real", "Yes", "No", "Unsure"))
CLASSES = view(choices("label", "AST", "COMET", "CR", to="picture"))
BOTH = view(choices("kind", "AST", "COMET", "CR"), choices("real", "yes", "no"))


def basic(user, name=None):
    token = make_token(user)
    client = APIClient()
    pair = base64.b64encode(f"{name or user.username}:{token}".encode()).decode()
    client.credentials(HTTP_AUTHORIZATION=f"Basic {pair}")
    return client


def make_champion(workflow, role="stamp", **manifest):
    run = TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role=role, state="done")
    return Checkpoint.objects.create(
        survey=workflow.survey, role=role, run=run, manifest=MANIFEST | manifest, is_champion=True
    )


def score(checkpoint, subject, *probabilities):
    p_real = probabilities[0] + probabilities[1]
    Score.objects.create(
        checkpoint=checkpoint, subject=subject, probabilities=list(probabilities), p_real=p_real, entropy=0
    )


def score_real(checkpoint, subject, p_real):
    """Score as models of tracklets, trails and cubes do: the probabilities are of bogus and real."""
    Score.objects.create(
        checkpoint=checkpoint, subject=subject, probabilities=[1 - p_real, p_real], p_real=p_real, entropy=0
    )


def ask(client, configuration, *data):
    tasks = [{"id": 900 + place, "data": each} for place, each in enumerate(data)]
    body = {"tasks": tasks, "label_config": configuration, "project": "3.1763800000", "params": {"context": None}}
    return client.post(f"{URL}predict", body, format="json")


def said(prediction):
    return [
        (each["from_name"], each["to_name"], each["value"]["choices"], each["score"]) for each in prediction["result"]
    ]
