"""Read large images for trail detectors, one per frame, with their annotations."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ml.cli.subject_slabs import Tally
from ml.data.dataset import BOGUS_WORDS
from ml.imaging.background import UNMEASURED, measured
from ml.io.manifest import Skip
from ml.io.read_subjects import read_or_refuse
from ml.io.records import BadInput, SubjectRecord
from ml.trails.annotation import COLUMN, Annotation, read_annotations
from ml.trails.maps import one_plane

SMALLEST = 16  # minimum side in pixels


@dataclass(frozen=True)
class LabelledCutout:
    """One image (H, W) of a subject.

    Attributes
    ----------
    external_id, frame
        The subject, and the frame (from 0).
    group
        Images of one group stay on one side of every split.
    pixels
        (H, W); the mean of several channels.
    annotations
        Its annotations; None if there are none.
    says_no
        Whether its label says that it has no trail.
    """

    external_id: str
    frame: int
    group: str
    pixels: NDArray[Any]
    annotations: list[Annotation] | None
    says_no: bool = False


def read_cutouts(path: Path, tally: Tally, *, skip: Skip | None = None) -> Iterator[LabelledCutout]:
    """Yield every frame of every subject of a manifest, a folder or a file, one in memory at a time.

    Unusable images are reported to the tally: unreadable files, and images that are nearly empty or too small.

    Raises BadExamples if the column `#objects` of a subject is not as in docs/simulations.md.
    """
    for item in read_or_refuse(path, skip=skip):
        if isinstance(item, BadInput):
            tally.complain(item)
            continue
        annotations = _annotations(item)
        for number, frame in enumerate(item.frames):
            pixels = one_plane(frame.pixels)
            complaint = _complaint(pixels)
            if complaint:
                tally.complain(f"{item.source} row {item.row}: {item.external_id} {complaint}")
                continue
            group = item.object_group or item.external_id
            yield LabelledCutout(
                item.external_id, number, group, pixels, annotations, item.label.lower() in BOGUS_WORDS
            )


def _annotations(item: SubjectRecord) -> list[Annotation] | None:
    objects_json = item.metadata.get(COLUMN)
    if objects_json:
        return read_annotations(objects_json, item.external_id)
    return [] if item.label.lower() in BOGUS_WORDS else None


def _complaint(pixels: NDArray[Any]) -> str:
    if min(pixels.shape) < SMALLEST:
        return (
            f"has {pixels.shape[1]} × {pixels.shape[0]} pixels: a trail needs {SMALLEST} or more on each side."
            " Cut it larger"
        )
    return "" if measured(pixels) else f"{UNMEASURED}: leave it out"
