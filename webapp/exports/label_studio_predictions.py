"""The champions' stored scores as Label Studio predictions, for the subjects that its tasks name."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from ml.crowd.answer import Answer
from webapp.archive.models import Subject, Survey
from webapp.core.request_values import whole_number
from webapp.exports.label_studio_choices import Control
from webapp.learning.model_roles import Classes
from webapp.learning.models import Checkpoint, Score

Task = Mapping[str, Any]
Result = dict[str, Any]
Name = tuple[str, str | int]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Predicted:
    """What a task gets: one prediction, or none and the reason."""

    prediction: Result | None
    reason: str = ""


class NoPrediction(Exception):
    """The task gets no prediction; says why."""


def answer_of(checkpoint: Checkpoint, p_real: float) -> tuple[Answer, float]:
    """Return the checkpoint's answer and the probability of that answer, 0 to 1."""
    is_real = p_real >= checkpoint.threshold
    return (Answer.YES, p_real) if is_real else (Answer.NO, 1 - p_real)


def champions_of(survey: Survey) -> list[Checkpoint]:
    """Return the survey's champions, at most one for each role."""
    return list(Checkpoint.objects.filter(survey=survey, is_champion=True).order_by("role"))


def version_of(champions: Iterable[Checkpoint]) -> str:
    """Return the names of all champions; empty without any.

    Label Studio compares this one version with that of a task's predictions, and asks again if they differ.
    """
    return ", ".join(map(str, champions))


def predict(
    survey: Survey, champions: Sequence[Checkpoint], tasks: Sequence[Task], controls: Sequence[Control]
) -> list[Predicted]:
    """Return what each task gets, in their order: one query, and one for each champion."""
    names = [_name(task) for task in tasks]
    scores = _scores(survey, champions, [name for name in names if name])
    version = version_of(champions)
    predicted = [_predicted(name, scores, controls, version) for name in names]
    if reasons := Counter(each.reason for each in predicted if each.reason):
        log.info("%s: Label Studio tasks without a prediction: %s", survey.slug, dict(reasons))
    return predicted


def _name(task: Task) -> Name | None:
    """Return how the task names its subject, as our export does: by its external id, else by our key."""
    data = task.get("data")
    if not isinstance(data, dict):
        return None
    external_id, key = data.get("external_id"), whole_number(str(data.get("subject_id")))
    if isinstance(external_id, str | int) and str(external_id):
        return "external_id", str(external_id)
    return None if key is None else ("pk", key)


def _scores(survey: Survey, champions: Sequence[Checkpoint], names: Sequence[Name]) -> dict[Name, Score | None]:
    """Return the champion's score by name, None if there is none yet; subjects of other surveys are left out."""
    external_ids = [value for kind, value in names if kind == "external_id"]
    keys = [value for kind, value in names if kind == "pk"]
    rows = Subject.objects.filter(Q(external_id__in=external_ids) | Q(pk__in=keys), survey=survey)
    subjects = dict(rows.values_list("pk", "external_id"))
    by_subject = {
        score.subject_id: score
        for champion in champions
        for score in champion.scores.filter(subject__in=subjects)  # their checkpoint is set already
    }
    by_key: dict[Name, Score | None] = {("pk", pk): by_subject.get(pk) for pk in subjects}
    return by_key | {("external_id", name): by_subject.get(pk) for pk, name in subjects.items()}


def _predicted(
    name: Name | None, scores: Mapping[Name, Score | None], controls: Sequence[Control], version: str
) -> Predicted:
    try:
        results = _results(_score(name, scores), controls)
    except NoPrediction as problem:
        return Predicted(None, str(problem))
    return Predicted({"model_version": version, "score": results[0]["score"], "result": results})


def _score(name: Name | None, scores: Mapping[Name, Score | None]) -> Score:
    if name is None:
        raise NoPrediction(_("The task names no subject: its data has no external_id and no subject_id."))
    if name not in scores:
        raise NoPrediction(_("The survey has no such subject."))
    score = scores[name]
    if score is None:
        raise NoPrediction(_("No champion of the survey has scored the subject."))
    return score


def _results(score: Score, controls: Sequence[Control]) -> list[Result]:
    """Return a choice for each control that offers it, answers before classes; those only if the scores have any."""
    answer, p_answer = answer_of(score.checkpoint, score.p_real)
    asking = [control for control in controls if control.asks_answer]
    label, choices = answer.label, [(control, answer.label, p_answer) for control in asking]
    if score.checkpoint.scored_classes:
        label, p_class = _likeliest_class(score, answer if asking else None)
        choices += [(control, label, p_class) for control in controls if not control.asks_answer]
    results = [_choice(*each, score.checkpoint) for each in choices if each[0].offers(each[1])]
    if not results:
        raise NoPrediction(_("No Choices offer “%s”.") % label)
    return results


def _likeliest_class(score: Score, answer: Answer | None) -> tuple[str, float]:
    """Return the likeliest of all classes, or of the answer's, so that the two never contradict each other."""
    classes = Classes(score.checkpoint.scored_classes, tuple(score.checkpoint.manifest["positive"]))
    by_name = dict(zip(classes.names, score.probabilities, strict=True))
    name = max(classes.side(answer) if answer else classes.names, key=by_name.__getitem__)
    return name, by_name[name]


def _choice(control: Control, label: str, probability: float, checkpoint: Checkpoint) -> Result:
    return {
        "id": f"model-{checkpoint.pk}-{control.name}",
        "from_name": control.name,
        "to_name": control.target,
        "type": "choices",
        "value": {"choices": [control.choices[label.lower()]]},
        "score": probability,
    }
