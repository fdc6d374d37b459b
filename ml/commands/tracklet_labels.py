"""What tracklets' labels mean: real or bogus, and whether they hold for single chips too."""

from collections.abc import Sequence

import numpy as np

from ml.checkpoint import Checkpoint
from ml.commands.stamp_labels import check_shapes
from ml.commands.subjects import Slab, positive_of
from ml.dataset import BOGUS_WORDS, REAL_WORDS, BadExamples, Examples, allowed
from ml.simulate.tracklets import SATELLITE
from ml.tracklets.chips import PaddedPixels
from ml.tracklets.tracks import Tracks, stacked

OF_TRACKLETS = frozenset({SATELLITE})  # each chip shows a real point of light; only together are they bogus


def learnable(
    parts: list[Slab], positive: str | None, base: Checkpoint | None, *, keeps_chips: bool, chips_only: bool
) -> Examples:
    """Return tracklets of any number of detections as examples.

    Parameters
    ----------
    parts
        Labelled tracklets.
    positive
        The real classes as the user names them, "A,B", or None.
    base
        A checkpoint to start from.
    keeps_chips
        Whether the chips are told by the base's classes as they are: then a label only says real or bogus.
    chips_only
        Forget when and where the frames were seen.

    Raises
    ------
    BadExamples
        If there are none, their pictures differ in shape, or their labels teach nothing.
    """
    if not parts:
        raise BadExamples(
            "There is no labelled tracklet of three or more frames with pixels in the data; a model learns from labels."
        )
    check_shapes(parts, "(channels, height, width)", first=2)
    labels = [label for part in parts for label in part.labels]
    classes, real, words = _classes(labels, positive, base if keeps_chips else None)
    tracks = stacked([one for part in parts for one in part.sightings])
    return Examples(
        allowed(words, classes, real),
        np.ones(len(labels), dtype=np.float32),
        np.array([group for part in parts for group in part.groups]),
        classes,
        real,
        pixels=PaddedPixels([part.pixels for part in parts]),
        tracks=Tracks(np.full_like(tracks.seen, np.nan), tracks.present) if chips_only else tracks,
        of_chips=np.array([label not in OF_TRACKLETS for label in labels]),
    )


def _classes(
    labels: list[str], positive: str | None, base: Checkpoint | None
) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Return the chips' classes, the real ones, and each label as one of them, or as yes or no."""
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
            f"Every label is {found[0]!r}: a model cannot learn a difference that it never sees."
            " Add tracklets with another label."
            if len(found) == 1
            else f"The labels {', '.join(found)} name fewer than two kinds of chip. Add tracklets with another label."
        )
    real = positive_of(classes, positive)
    return classes, real, ["no" if label in OF_TRACKLETS else label for label in labels]


def _check_known(labels: Sequence[str], known: set[str]) -> None:
    strange = [label for label in labels if label not in known and label.lower() not in REAL_WORDS | BOGUS_WORDS]
    if strange:
        raise BadExamples(
            f"Label {strange[0]!r} is none of the checkpoint's classes {', '.join(sorted(known))}, yes or no. Correct"
            " it, or name the real labels with --positive A,B: all others then count as bogus."
        )


def _is_real(label: str, named: set[str]) -> bool:
    return label in named or label.lower() in REAL_WORDS


def labels_of(parts: list[Slab], positive: str | None, checkpoint: Checkpoint) -> dict[str, list[str]]:
    """Return the labels that the training called real and bogus, for the checkpoint's manifest."""
    found = sorted({label for part in parts for label in part.labels})
    real = set(positive_of(found, positive)) if positive else set(checkpoint.manifest["positive"])
    return {
        "real": [label for label in found if _is_real(label, real)],
        "bogus": [label for label in found if not _is_real(label, real)],
    }


def side(label: str, checkpoint: Checkpoint, labels: Sequence[str], positive: str | None) -> str | None:
    """Return "real" or "bogus" for the label of a tracklet, or None for one that the model cannot know.

    With `positive`, "A,B", those are real and all other `labels` bogus; else what the model was taught, its classes and
    the plain words for yes and no.
    """
    if positive:
        return "real" if label in positive_of(sorted(set(labels)), positive) else "bogus"
    taught = checkpoint.manifest.get("labels", {"real": [], "bogus": []})
    real = {*taught["real"], *checkpoint.manifest["positive"]}
    if label in real or label.lower() in REAL_WORDS:
        return "real"
    bogus = {*taught["bogus"], *checkpoint.manifest["classes"], *OF_TRACKLETS}
    return "bogus" if label in bogus or label.lower() in BOGUS_WORDS else None
