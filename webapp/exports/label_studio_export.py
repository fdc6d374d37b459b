"""Label Studio export: tasks with annotations and predictions, and the labelling configuration."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring  # only written here, never read

from ml.crowd.answer import Answer
from webapp.archive.blinding import shown
from webapp.classifications.line_marks import from_corner
from webapp.classifications.models import Mark
from webapp.exports.classification_rows import CountedAnswer, Facts, answers_of, facts_of, queued
from webapp.exports.label_studio_predictions import answer_of
from webapp.exports.panoptes import FOLLOW_UP_QUESTION, TRAIL, follow_ups_of, marks_of
from webapp.learning.model_roles import role_of
from webapp.learning.models import Checkpoint, Score
from webapp.learning.promotion import champion_of
from webapp.volunteers.identity import pseudonym
from webapp.workflows.models import Workflow

PICTURE, PICTURES = "image", "images"
ANSWER, FOLLOW_UP, LINES = "answer", "follow_up", "trail"


def labelling_configuration(workflow: Workflow, frames: int) -> str:
    """Return the XML that sets up a Label Studio project, for subjects of one frame or more."""
    view = Element("View")
    SubElement(view, "Header", value=workflow.question)
    source = {"valueList": f"${PICTURES}"} if frames > 1 else {"value": f"${PICTURE}"}
    SubElement(view, "Image", {"name": PICTURE, **source})
    _choices(view, ANSWER, [answer.label for answer in Answer], {"required": "true"})
    if follow_ups := follow_ups_of(workflow):
        SubElement(view, "Header", value=FOLLOW_UP_QUESTION)
        _choices(view, FOLLOW_UP, follow_ups, {})
    if workflow.line_marking:
        lines = SubElement(view, "VectorLabels", name=LINES, toName=PICTURE, minPoints="2", maxPoints="2")
        SubElement(lines, "Label", value=TRAIL)
    indent(view)
    return tostring(view, encoding="unicode") + "\n"


def _choices(view: Element, name: str, labels: Iterable[str], options: dict[str, str]) -> None:
    choices = SubElement(view, "Choices", {"name": name, "toName": PICTURE, "choice": "single", **options})
    for label in labels:
        SubElement(choices, "Choice", value=label)


Result = dict[str, Any]


def label_studio_export(workflow: Workflow, address: str) -> Iterator[bytes]:
    """Yield one JSON array of tasks, one page at a time."""
    champion = champion_of(workflow.survey, role_of(workflow))
    before = b"[\n"
    for page in queued(workflow):
        tasks = _tasks(workflow, page, address, champion)
        yield before + b",\n".join(json.dumps(task, ensure_ascii=False).encode() for task in tasks)
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _tasks(workflow: Workflow, page: Sequence[int], address: str, champion: Checkpoint | None) -> Iterator[Result]:
    facts, scores = facts_of(workflow, page), _scores(champion, page)
    given: dict[int, list[CountedAnswer]] = defaultdict(list)
    for each in answers_of(workflow, page):
        given[each.subject].append(each)
    marks = marks_of(workflow, [each.id for of_subject in given.values() for each in of_subject])
    for pk in page:
        yield {
            "id": pk,
            "data": _data(facts[pk], address),
            "annotations": [_annotation(each, marks.get(each.id, []), facts[pk]) for each in given.get(pk, [])],
            "predictions": [_prediction(champion, scores[pk])] if champion and pk in scores else [],
        }


def _data(facts: Facts, address: str) -> Result:
    """Return what annotators see, so without metadata that is hidden from volunteers."""
    pictures = facts.pictures(address)
    images = {PICTURES: pictures} if len(pictures) > 1 else {PICTURE: pictures[0]}
    return {**images, "subject_id": facts.subject.pk, "kind": facts.subject.kind, **shown(facts.metadata())}


def _annotation(given: CountedAnswer, marks: Sequence[Mark], facts: Facts) -> Result:
    who = pseudonym(given.volunteer, given.has_account).user_name
    results = [_choice(ANSWER, Answer(given.answer).label, f"{given.id.hex}-a", who)]
    if given.follow_up:
        results.append(_choice(FOLLOW_UP, given.follow_up, f"{given.id.hex}-f", who))
    frames, width, height = facts.size
    results += [_vector(mark, f"{given.id.hex}-{mark.position}", frames, width, height) for mark in marks]
    return {
        "unique_id": str(given.id),
        "result": results,
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": given.created_at,
        "updated_at": given.created_at,
        "lead_time": given.took,
    }


def _choice(name: str, label: str, region: str, who: str) -> Result:
    """Return a choice, with the volunteer in its meta, since Label Studio accepts only annotators that it knows."""
    result = {"id": region, "from_name": name, "to_name": PICTURE, "type": "choices", "value": {"choices": [label]}}
    return result | ({"meta": {"volunteer": who}} if who else {})


def _vector(mark: Mark, region: str, frames: int, width: int, height: int) -> Result:
    x1, y1, x2, y2 = from_corner(mark, height)
    ends = [(100 * x / width, 100 * y / height) for x, y in ((x1, y1), (x2, y2))]
    vertices = [{"id": f"{region}-{place}", "x": x, "y": y, "isBezier": False} for place, (x, y) in enumerate(ends)]
    vertices[1]["prevPointId"] = vertices[0]["id"]
    return {
        "id": region,
        "from_name": LINES,
        "to_name": PICTURE,
        "type": "vectorlabels",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        **({"item_index": mark.frame} if frames > 1 else {}),
        "value": {"vertices": vertices, "closed": False, "vectorlabels": [TRAIL]},
    }


def _prediction(champion: Checkpoint, p_real: float) -> Result:
    """Return the champion's answer and its probability, 0 to 1."""
    answer, probability = answer_of(champion, p_real)
    result = _choice(ANSWER, answer.label, f"model-{champion.pk}", "")
    return {"model_version": str(champion), "score": probability, "result": [result]}


def _scores(champion: Checkpoint | None, page: Sequence[int]) -> dict[int, float]:
    if champion is None:
        return {}
    return dict(Score.objects.filter(checkpoint=champion, subject__in=page).values_list("subject", "p_real"))
