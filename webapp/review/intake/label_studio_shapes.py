"""Label Studio's regions as lines: vectors, polygons of two points, pairs of keypoints, and the run of a rectangle."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from webapp.review.exchange.geometry import Drawn
from webapp.review.intake.record import clean

PERCENT = 100.0
LARGEST_FRAME = 2**15
Result = Mapping[str, Any]
Point = tuple[float, float]


def lines_of(results: Sequence[Result]) -> tuple[dict[str, tuple[Drawn, ...]], dict[str, tuple[str, ...]]]:
    """Return lines by control, and by control the types of regions that are no line."""
    lines: dict[str, list[Drawn]] = defaultdict(list)
    shapes: dict[str, list[str]] = defaultdict(list)
    pairs = _pairs(results)
    for result in results:
        kind, name = clean(result.get("type")), clean(result.get("from_name"))
        if kind in ("relation", "choices") or not isinstance(result.get("value"), dict):
            continue
        if result.get("id") in pairs.values():
            continue  # the other end of a line that is drawn from its first
        ends = _ends(result, pairs, results)
        if ends:
            lines[name].append(_drawn(ends, result))
        elif kind not in ("textarea", "rating", "number"):
            shapes[name].append(kind)
    return _frozen(lines), _frozen(shapes)


def _frozen(by_name: Mapping[str, list[Any]]) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(found) for name, found in by_name.items()}


def _ends(result: Result, pairs: Mapping[str, str], results: Sequence[Result]) -> tuple[Point, Point] | None:
    """Return the two ends in percent of the picture, from its upper left corner; None for what is no line."""
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
    """Return, by the id of a keypoint, the one that a relation joins it to."""
    points = {each.get("id") for each in results if str(each.get("type")).startswith("keypoint") and each.get("value")}
    related = [each for each in results if each.get("type") == "relation"]
    joined = [(each.get("from_id"), each.get("to_id")) for each in related]
    return {str(one): str(two) for one, two in joined if one in points and two in points and one != two}


def _run(result: Result) -> tuple[Point, Point]:
    """Return the line through the middle of a rectangle, along its longer side, in percent."""
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


def _drawn(ends: tuple[Point, Point], result: Result) -> Drawn:
    (x1, y1), (x2, y2) = ends
    frame = result.get("item_index")
    place = frame if isinstance(frame, int) and 0 <= frame < LARGEST_FRAME else 0
    return Drawn(x1, y1, x2, y2, place, PERCENT, PERCENT)


def _point(x: Any, y: Any) -> Point:
    return _number(x), _number(y)


def _number(value: Any, default: float = math.nan) -> float:
    """Return the number, and the default for what is none."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else default
