"""Places in a picture: as this site counts them, and as others do, from the upper left corner.

A mark's (0, 0) is the centre of the first pixel of the first row, which is drawn at the lower left. Panoptes and Label
Studio draw the same picture upside up: their (0, 0) is its upper left corner, and y grows downwards.
"""

from dataclasses import dataclass
from typing import Protocol

from webapp.volunteers.marks import Line


class Ends(Protocol):
    """Anything with the two ends of a line."""

    @property
    def x1(self) -> float: ...
    @property
    def y1(self) -> float: ...
    @property
    def x2(self) -> float: ...
    @property
    def y2(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line from the upper left corner, in a picture that is `width` by `height` (None: as large as ours)."""

    x1: float
    y1: float
    x2: float
    y2: float
    frame: int = 0
    width: float | None = None
    height: float | None = None


def from_corner(mark: Ends, height: int) -> tuple[float, float, float, float]:
    """Return x1, y1, x2, y2 in pixels from the upper left corner."""
    return mark.x1 + 0.5, height - 0.5 - mark.y1, mark.x2 + 0.5, height - 0.5 - mark.y2


def to_line(drawn: Drawn, width: int, height: int) -> Line:
    """Return the line as a mark in a picture of `width` by `height` pixels."""
    across, down = width / (drawn.width or width), height / (drawn.height or height)
    return Line(
        x1=drawn.x1 * across - 0.5,
        y1=height - 0.5 - drawn.y1 * down,
        x2=drawn.x2 * across - 0.5,
        y2=height - 0.5 - drawn.y2 * down,
        frame=drawn.frame,
    )
