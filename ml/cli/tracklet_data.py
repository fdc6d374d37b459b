"""Training data of a tracklet classifier: stamp classes, labels as real or bogus, padded pixels, frames."""

from collections.abc import Sequence

import numpy as np

from ml.cli.stamp_data import check_shapes
from ml.cli.subject_slabs import Slab, positive_of
from ml.data.dataset import BOGUS_WORDS, REAL_WORDS, BadExamples, Examples, allowed
from ml.data.tracklet_frames import TrackletFrames, stacked
from ml.inference.checkpoint import Checkpoint
from ml.simulate.atlas.atlas_tracklets import SATELLITE
from ml.tracklets.tracklet_stamps import PaddedPixels

OF_TRACKLETS = frozenset({SATELLITE})  # each stamp shows a real point of light; only together are they bogus


def tracklet_examples(
    parts: list[Slab],
    positive: str | None,
    base: Checkpoint | None,
    *,
    keeps_stamp_classes: bool,
    without_track_features: bool,
) -> Examples:
    """Return tracklets of any number of detections as examples.

    Raises BadExamples if there are none, their shapes differ, or their labels are of one kind only.

    Parameters
    ----------
    parts
        Labelled tracklets.
    positive
        The real classes as given by the user, "A,B", or None.
    base
        A checkpoint to start from.
    keeps_stamp_classes
        Whether the base's stamp classes are kept: then a label only means real or bogus.
    without_track_features
        Drop the frames' times and positions.
    """
    if not parts:
        raise BadExamples(
            "There is no labelled tracklet of three or more frames with pixels in the data. Training needs labels."
        )
    check_shapes(parts, "(channels, height, width)", first=2)
    labels = [label for part in parts for label in part.labels]
    classes, real, words = _classes(labels, positive, base if keeps_stamp_classes else None)
    tracks = stacked([one for part in parts for one in part.sightings])
    return Examples(
        allowed(words, classes, real),
        np.ones(len(labels), dtype=np.float32),
        np.array([group for part in parts for group in part.groups]),
        classes,
        real,
        pixels=PaddedPixels([part.pixels for part in parts]),
        tracks=TrackletFrames(np.full_like(tracks.fields, np.nan), tracks.present)
        if without_track_features
        else tracks,
        applies_to_stamps=np.array([label not in OF_TRACKLETS for label in labels]),
    )


def _classes(
    labels: list[str], positive: str | None, base: Checkpoint | None
) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Return the stamp classes, the real ones, and each label as one of them, or as yes or no."""
    found = tuple(sorted(set(labels)))
    if base is not None:
        classes, real = tuple(base.manifest["classes"]), tuple(base.manifest["positive"])
        named = set(positive_of(found, positive)) if positive else set(real)
        if not positive:
            _check_known(found, {*classes, *OF_TRACKLETS})
        return classes, real, ["yes" if _is_real(label, named) else "no" for label in labels]
    classes = tuple(name for name in found if name not in OF_TRACKLETS)
    if len(classes) < 2:
        raise BadExamples(
            f"Every label is {found[0]!r}: training needs at least two kinds. Add tracklets with another label."
            if len(found) == 1
            else f"The labels {', '.join(found)} name fewer than two kinds of stamp. Add tracklets with another label."
        )
    real = positive_of(classes, positive)
    return classes, real, ["no" if label in OF_TRACKLETS else label for label in labels]


def _check_known(labels: Sequence[str], known: set[str]) -> None:
    strange = [label for label in labels if label not in known and label.lower() not in REAL_WORDS | BOGUS_WORDS]
    if strange:
        raise BadExamples(
            f"Label {strange[0]!r} is not one of the checkpoint's classes {', '.join(sorted(known))}, yes or no."
            " Correct it, or name the real labels with --positive A,B: all others then count as bogus."
        )


def _is_real(label: str, named: set[str]) -> bool:
    return label in named or label.lower() in REAL_WORDS


def labels_of(parts: list[Slab], positive: str | None, checkpoint: Checkpoint) -> dict[str, list[str]]:
    """Return the labels that training called real and bogus, for the checkpoint's manifest."""
    found = sorted({label for part in parts for label in part.labels})
    real = set(positive_of(found, positive)) if positive else set(checkpoint.manifest["positive"])
    return {
        "real": [label for label in found if _is_real(label, real)],
        "bogus": [label for label in found if not _is_real(label, real)],
    }


def tracklet_side(label: str, checkpoint: Checkpoint, labels: Sequence[str], positive: str | None) -> str | None:
    """Return "real" or "bogus" for the label of a tracklet, or None for an unknown one.

    With `positive`, "A,B", those are real and all other `labels` bogus; else the model's classes and the usual words
    for yes and no.
    """
    if positive:
        return "real" if label in positive_of(sorted(set(labels)), positive) else "bogus"
    trained_labels = checkpoint.manifest.get("labels", {"real": [], "bogus": []})
    real = {*trained_labels["real"], *checkpoint.manifest["positive"]}
    if label in real or label.lower() in REAL_WORDS:
        return "real"
    bogus = {*trained_labels["bogus"], *checkpoint.manifest["classes"], *OF_TRACKLETS}
    return "bogus" if label in bogus or label.lower() in BOGUS_WORDS else None
