"""Layered layout of a lineage graph: a row for each run, and columns for labels, run, model and scores."""

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.learning.lineage import Generation

COLUMNS = ("labels", "run", "model", "scores")
WIDTH, HEIGHT = 176, 44  # of a node, in units of the drawing
GAP, ROW, MARGIN = 56, 68, 8  # between columns, from row to row, and around everything
LANES = 5  # curves of different origins are drawn beside each other
BESIDE = 10  # from the middle of a node's side to where a curve to or from an earlier model touches it


@dataclass(frozen=True)
class Node:
    """A box of the drawing; `place` moves its upper left corner there."""

    kind: str
    generation: Generation
    place: str


@dataclass(frozen=True)
class Edge:
    """An arrow between two boxes; with `is_from_beyond`, from one below the drawing."""

    kind: str
    path: str
    is_from_beyond: bool = False


@dataclass(frozen=True)
class Graph:
    """Boxes row by row, arrows, and the size of the drawing. Numbers are text, which no language punctuates."""

    nodes: list[Node]
    edges: list[Edge]
    view_box: str


def lay_out(rows: Sequence[Generation]) -> Graph:
    """Return the drawing of generations, the newest first; labels of several runs are one box, beside the newest."""
    nodes: list[Node] = []
    edges: list[Edge] = []
    labels_at: dict[int, int] = {}
    model_at = {each.model.pk: number for number, each in enumerate(rows) if each.model}
    for number, each in enumerate(rows):
        if each.labels:
            if each.labels.pk not in labels_at:
                labels_at[each.labels.pk] = number
                nodes.append(_node("labels", each, number))
            edges.append(_forward("labels", labels_at[each.labels.pk], number))
        nodes.append(_node("run", each, number))
        if each.base:
            edges.append(_back(model_at.get(each.base.pk), number, len(rows)))
        if each.model:
            nodes.append(_node("model", each, number))
            edges.append(_forward("run", number, number))
        if each.evaluation or each.scoring:
            nodes.append(_node("scores", each, number))
            edges.append(_forward("model", number, number))
    width = 2 * MARGIN + len(COLUMNS) * WIDTH + (len(COLUMNS) - 1) * GAP
    return Graph(nodes, edges, f"0 0 {width} {_bottom(len(rows))}")


def _node(kind: str, generation: Generation, row: int) -> Node:
    return Node(kind, generation, f"translate({_left(kind)} {MARGIN + row * ROW})")


def _forward(kind: str, start: int, end: int) -> Edge:
    """Return the arrow from a column to the next."""
    x1, x2 = _left(kind) + WIDTH, _left(kind) + WIDTH + GAP
    y1, y2 = _middle(start), _middle(end)
    lane = x1 + GAP * (1 + start % LANES) // (LANES + 1)
    return Edge(kind, f"M{x1} {y1}H{x2}" if y1 == y2 else f"M{x1} {y1}C{lane} {y1} {lane} {y2} {x2} {y2}")


def _back(start: int | None, end: int, rows: int) -> Edge:
    """Return the arrow up from an earlier model to the run that continued from it."""
    x1, x2, y2 = _left("model"), _left("run") + WIDTH, _middle(end) + BESIDE
    lane = x2 + GAP * (1 + (rows if start is None else start) % LANES) // (LANES + 1)
    if start is None:
        return Edge("base", f"M{lane} {_bottom(rows)}V{y2 + BESIDE}Q{lane} {y2} {x2} {y2}", is_from_beyond=True)
    y1 = _middle(start) - BESIDE
    return Edge("base", f"M{x1} {y1}C{lane} {y1} {lane} {y2} {x2} {y2}")


def _left(kind: str) -> int:
    return MARGIN + COLUMNS.index(kind) * (WIDTH + GAP)


def _middle(row: int) -> int:
    return MARGIN + row * ROW + HEIGHT // 2


def _bottom(rows: int) -> int:
    return 2 * MARGIN + max(0, rows - 1) * ROW + HEIGHT
