"""What Label Studio writes: a JSON array of tasks, each with annotations."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from webapp.review.intake.label_studio_shapes import lines_of
from webapp.review.intake.reasons import Reason
from webapp.review.intake.record import BadFile, Broken, Record, Row, clean, moment
from webapp.review.sentences import NO_JSON

Result = Mapping[str, Any]
DEEPEST = 100
_STEPS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


def read_label_studio(path: Path) -> Iterator[Row]:
    """Yield the annotations of a file, task by task, without holding more than a task in memory.

    Raises
    ------
    BadFile
        It is not a JSON array in UTF-8, or breaks off.
    """
    number = 0
    try:
        with path.open("rb") as file:
            for task in ijson.items(ijson.parse(_shallow(file)), "item"):
                for annotation in _annotations(task):
                    number += 1
                    yield _row(number, task, annotation)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        said = clean(str(error).splitlines()[0])
        raise BadFile(NO_JSON(file=path.name, number=number, error=said)) from error


def _shallow(file: BinaryIO) -> Iterator[tuple[str, Any]]:
    """Yield the events of a file; deeper nesting than any tool writes would take the time of its square."""
    depth = 0
    for event in ijson.basic_parse(file, use_float=True):
        depth += _STEPS.get(event[0], 0)
        if depth > DEEPEST:
            raise ijson.JSONError(f"more than {DEEPEST} lists or objects within each other")
        yield event


def _annotations(task: Any) -> list[Any]:
    found = task.get("annotations", task.get("completions")) if isinstance(task, dict) else None
    return found if isinstance(found, list) else []


def _row(number: int, task: Mapping[str, Any], annotation: Any) -> Row:
    if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
        return Broken(number, Reason.UNREADABLE, "it has no result")
    if annotation.get("was_cancelled"):
        return Broken(number, Reason.CANCELLED)
    results = [each for each in annotation["result"] if isinstance(each, dict)]
    said, user = annotation.get("unique_id") or annotation.get("id"), _user(annotation, results)
    if said is None:
        return Broken(number, Reason.NO_ID)
    if not user:
        return Broken(number, Reason.NO_USER)
    lines, shapes = lines_of(results)
    data = task.get("data")
    return Record(
        row=number,
        id=clean(said),
        user=user,
        subject=clean(task.get("id", "")),
        metadata=data if isinstance(data, dict) else {},
        answers=_answers(results),
        lines=lines,
        shapes=shapes,
        created_at=moment(annotation.get("created_at")),
        finished_at=moment(annotation.get("created_at")),
    )


def _user(annotation: Result, results: Sequence[Result]) -> str:
    """Return who annotated: the pseudonym that our own export wrote, else Label Studio's number or address."""
    for result in results:
        meta = result.get("meta")
        if isinstance(meta, dict) and isinstance(meta.get("volunteer"), str):
            return clean(meta["volunteer"])
    by = annotation.get("completed_by")
    if isinstance(by, dict):
        by = by.get("id") or by.get("email")
    return "" if by is None else clean(by)


def _answers(results: Sequence[Result]) -> dict[str, tuple[str, ...]]:
    answers: dict[str, tuple[str, ...]] = {}
    for result in results:
        value = result.get("value")
        chosen = value.get("choices") if isinstance(value, dict) else None
        if isinstance(chosen, list):
            name = clean(result.get("from_name"))
            answers[name] = answers.get(name, ()) + tuple(clean(each) for each in chosen)
    return answers
