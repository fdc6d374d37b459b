"""Reader of Label Studio's JSON: tasks with annotations, and regions as lines."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import ijson

from webapp.classifications.line_marks import CornerLine
from webapp.imports.foreign_record import NO_JSON, BadFile, Broken, Reason, Record, Row, clean, parse_moment

PERCENT = 100.0
LARGEST_FRAME = 2**15
Result = Mapping[str, Any]
Point = tuple[float, float]


def lines_of(results: Sequence[Result]) -> tuple[dict[str, tuple[CornerLine, ...]], dict[str, tuple[str, ...]]]:
    """Return lines by control, and by control the types of regions that are not lines."""
    lines: dict[str, list[CornerLine]] = defaultdict(list)
    shapes: dict[str, list[str]] = defaultdict(list)
    pairs = _pairs(results)
    for result in results:
        kind, name = clean(result.get("type")), clean(result.get("from_name"))
        if kind in ("relation", "choices") or not isinstance(result.get("value"), dict):
            continue
        if result.get("id") in pairs.values():
            continue  # the other end of a line
        ends = _ends(result, pairs, results)
        if ends:
            lines[name].append(_corner_line(ends, result))
        elif kind not in ("textarea", "rating", "number"):
            shapes[name].append(kind)
    return _frozen(lines), _frozen(shapes)


def _frozen(by_name: Mapping[str, list[Any]]) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(values) for name, values in by_name.items()}


def _ends(result: Result, pairs: Mapping[str, str], results: Sequence[Result]) -> tuple[Point, Point] | None:
    """Return the two ends in percent of the picture, from its upper left corner; None if it is not a line."""
    value = result["value"]
    if isinstance(value.get("vertices"), list):
        points = [_point(each.get("x"), each.get("y")) for each in value["vertices"] if isinstance(each, dict)]
    elif isinstance(value.get("points"), list):
        points = [_point(*each) for each in value["points"] if isinstance(each, list) and len(each) == 2]
    elif "height" in value and "width" in value and "x" in value and "ellipse" not in str(result.get("type")):
        return _run(result)
    elif result.get("id") in pairs:
        other = next(each for each in results if each.get("id") == pairs[result["id"]] and "value" in each)
        points = [_point(each["value"].get("x"), each["value"].get("y")) for each in (result, other)]
    else:
        return None
    return (points[0], points[1]) if len(points) == 2 else None


def _pairs(results: Sequence[Result]) -> dict[str, str]:
    """Return, by a keypoint's id, the one to which a relation joins it."""
    points = {each.get("id") for each in results if str(each.get("type")).startswith("keypoint") and each.get("value")}
    related = [each for each in results if each.get("type") == "relation"]
    joined = [(each.get("from_id"), each.get("to_id")) for each in related]
    return {str(one): str(two) for one, two in joined if one in points and two in points and one != two}


def _run(result: Result) -> tuple[Point, Point]:
    """Return a rectangle's central line along its longer side, in percent."""
    value = result["value"]
    across, down = (_number(result.get(f"original_{side}"), PERCENT) / PERCENT for side in ("width", "height"))
    x, y = _number(value["x"]) * across, _number(value["y"]) * down
    width, height = _number(value["width"]) * across, _number(value["height"]) * down
    turn = math.radians(_number(value.get("rotation"), 0.0))
    along, aside = (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))
    if height > width:
        along, aside, width, height = aside, along, height, width
    start = x + aside[0] * height / 2, y + aside[1] * height / 2
    end = start[0] + along[0] * width, start[1] + along[1] * width
    return (start[0] / across, start[1] / down), (end[0] / across, end[1] / down)


def _corner_line(ends: tuple[Point, Point], result: Result) -> CornerLine:
    (x1, y1), (x2, y2) = ends
    frame = result.get("item_index")
    place = frame if isinstance(frame, int) and 0 <= frame < LARGEST_FRAME else 0
    return CornerLine(x1, y1, x2, y2, place, PERCENT, PERCENT)


def _point(x: Any, y: Any) -> Point:
    return _number(x), _number(y)


def _number(value: Any, default: float = math.nan) -> float:
    """Return the number, the default if it is not one."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else default


DEEPEST = 100
_STEPS = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}


def read_label_studio(path: Path) -> Iterator[Row]:
    """Yield the annotations of a file, with one task at a time in memory.

    Raises BadFile: it is not a JSON array in UTF-8, or is truncated.
    """
    number = 0
    try:
        with path.open("rb") as file:
            for task in ijson.items(ijson.parse(_shallow(file)), "item"):
                for annotation in _annotations(task):
                    number += 1
                    yield _row(number, task, annotation)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        problem = clean(str(error).splitlines()[0])
        raise BadFile(NO_JSON(file=path.name, number=number, error=problem)) from error


def _shallow(file: BinaryIO) -> Iterator[tuple[str, Any]]:
    """Yield the events of a file, refusing deep nesting, which would take quadratic time."""
    depth = 0
    for event in ijson.basic_parse(file, use_float=True):
        depth += _STEPS.get(event[0], 0)
        if depth > DEEPEST:
            raise ijson.JSONError(f"more than {DEEPEST} lists or objects within each other")
        yield event


def _annotations(task: Any) -> list[Any]:
    annotations = task.get("annotations", task.get("completions")) if isinstance(task, dict) else None
    return annotations if isinstance(annotations, list) else []


def _row(number: int, task: Mapping[str, Any], annotation: Any) -> Row:
    if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
        return Broken(number, Reason.UNREADABLE, "it has no result")
    if annotation.get("was_cancelled"):
        return Broken(number, Reason.CANCELLED)
    results = [each for each in annotation["result"] if isinstance(each, dict)]
    annotation_id, user = annotation.get("unique_id") or annotation.get("id"), _user(annotation, results)
    if annotation_id is None:
        return Broken(number, Reason.NO_ID)
    if not user:
        return Broken(number, Reason.NO_USER)
    lines, shapes = lines_of(results)
    data = task.get("data")
    return Record(
        row=number,
        id=clean(annotation_id),
        user=user,
        subject=clean(task.get("id", "")),
        metadata=data if isinstance(data, dict) else {},
        answers=_answers(results),
        lines=lines,
        shapes=shapes,
        created_at=parse_moment(annotation.get("created_at")),
        finished_at=parse_moment(annotation.get("created_at")),
    )


def _user(annotation: Result, results: Sequence[Result]) -> str:
    """Return the annotator: the pseudonym from our own export, else Label Studio's number or address."""
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
