"""Annotations of an image: class, curve and sample weight of each trail or look-alike."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import BadExamples
from ml.evaluation.observing_conditions import Condition, of_object

SKY = "SKY"
TRAIL = "ASTEROID"
CLASSES = (TRAIL, "SATELLITE", "ARC", "SPIKE", "COSMIC_RAY")
COLUMN = "#objects"


@dataclass(frozen=True)
class Annotation:
    """One trail or look-alike.

    Attributes
    ----------
    label
        Of `CLASSES`.
    curve
        (k, 2) x and y along it in pixels, k ≥ 2; (0, 0) is the centre of the first pixel.
    width
        Full width in pixels of the area to label.
    snr
        Per pixel on the ridge; NaN where unknown.
    weight
        0..1, its sample weight.
    drawn
        Whether it was drawn by hand, some pixels beside its ridge.
    mag, rate
        Magnitude, and arcsec/h; NaN where unknown.
    """

    label: str
    curve: NDArray[np.float64]
    width: float = 5.0
    snr: float = np.nan
    weight: float = 1.0
    drawn: bool = False
    mag: float = np.nan
    rate: float = np.nan

    @property
    def line(self) -> NDArray[np.float64]:
        """Return the two ends as (4,): x0, y0, x1, y1."""
        return np.concatenate([self.curve[0], self.curve[-1]])

    @property
    def condition(self) -> Condition:
        """Return its magnitude, rate and S/N."""
        return Condition(self.mag, self.rate, self.snr)


def read_annotations(text: Any, whose: str) -> list[Annotation]:
    """Read the JSON list of the column `#objects` (docs/simulations.md).

    Raises BadExamples if it is not such a list; the message names the subject and the invalid part.

    Parameters
    ----------
    text
        The cell; a list if a reader has already parsed it.
    whose
        The subject, for messages.
    """
    try:
        entries = json.loads(text) if isinstance(text, str) else text
        return [annotation for each in entries for annotation in _annotations(each)]
    except (ValueError, TypeError, KeyError) as error:
        raise BadExamples(
            f"{COLUMN} of {whose} is not a JSON list of objects with class and ends or curve ({error})."
            " Correct it as in docs/simulations.md, or leave the cell empty."
        ) from error


def _annotations(entries: dict[str, Any]) -> list[Annotation]:
    label = str(entries["class"])
    if label not in CLASSES:
        raise ValueError(f"class {label!r} is none of {', '.join(CLASSES)}")
    curve = np.asarray(entries.get("curve") or entries["ends"], dtype=np.float64)
    if curve.ndim != 2 or curve.shape[0] < 2 or curve.shape[1] != 2 or not np.isfinite(curve).all():
        raise ValueError(f"the curve of a {label} is not a list of at least two points [x, y]")
    width = max(5.0, float(entries.get("width", 5.0)))
    condition = of_object(entries)
    annotation = Annotation(label, curve, width, condition.snr, mag=condition.mag, rate=condition.rate)
    return [annotation, *_crossing(annotation, float(entries.get("reach", 0)))]


def _crossing(spike: Annotation, reach: float) -> list[Annotation]:
    """Return the perpendicular pair of a star's spikes, if it is entirely inside the image."""
    start, end = spike.curve[0], spike.curve[-1]
    if spike.label != "SPIKE" or np.hypot(*(end - start)) < 1.9 * reach:
        return []
    middle, half = (start + end) / 2, (end - start) / 2
    turned = np.array([-half[1], half[0]])
    return [Annotation("SPIKE", np.stack([middle - turned, middle + turned]))]
