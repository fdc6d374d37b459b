"""The training set of a classifier: features or pixels, soft targets, sample weights, and grouped splits."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.held_out import FRACTION, HeldOut, held_out
from ml.data.tracklet_frames import TrackletFrames
from ml.data.unlabelled import Unlabelled
from ml.io.message import Message

REAL_WORDS = frozenset({"real", "yes", "1", "true", "sso"})
BOGUS_WORDS = frozenset({"bogus", "no", "0", "false"})
FEW = 5  # examples of a class: with fewer, none may be held out
NO_PIXELS = "This preset trains on pixels, but the examples have none. Provide pixels, or use --preset head."


class BadExamples(ValueError):
    """Examples that can't be used for training; the message names the cause and the remedy."""


@dataclass
class Examples:
    """Labelled subjects.

    Parameters
    ----------
    targets
        (N, K) float32 in 0..1: the classes that a row's label allows. One-hot is an ordinary label; a plain "yes"
        allows every positive class; an uncertain yes or no has P(yes) in each positive class that it allows, and
        P(no) in each other one.
    weights
        (N,) float32, sample weights: the confidence in each label (a posterior, or 1).
    groups
        (N,) str: rows of one object share a group, and stay on one side of a split.
    classes, positive
        The K class names, and the real ones among them.
    features
        (N, F, D) float16 of a frozen backbone, if already computed.
    pixels
        (N, F, C, H, W), anything that an array of ints can index (a Zarr array's ``oindex`` wrapped, a numpy array).
    feature_key
        The key of the backbone that made `features`.
    training_set
        A name or hash, stored in the checkpoint's manifest.
    tracks
        Of tracklets: the frames' times and positions, and which of the F are present; features of absent ones may be
        NaN. None if all are present, and nothing else is known.
    applies_to_stamps
        (N,) bool: whether a tracklet's label also applies to its single stamps; None if all do.
    val_mask
        (N,) bool, a fixed validation set; None for that of `split`.
    train_only
        Groups that the network at the start was trained on for want of others (`ml.data.held_out`).
    values
        (N, M) float of `columns`, such as magnitude and S/N, NaN where unknown; None without any.
    sided
        False if the classes are not real and bogus but, for instance, rates.
    unlabelled
        Other subjects, which only FixMatch learns from (`ml.training.fixmatch`).
    """

    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    groups: NDArray[Any]
    classes: tuple[str, ...]
    positive: tuple[str, ...]
    features: NDArray[np.float16] | None = None
    pixels: Any = None
    feature_key: str = ""
    training_set: str = ""
    tracks: TrackletFrames | None = None
    applies_to_stamps: NDArray[np.bool_] | None = None
    notes: list[str] = field(default_factory=list)
    val_mask: NDArray[np.bool_] | None = None
    values: NDArray[np.float32] | None = None
    columns: tuple[str, ...] = ()
    sided: bool = True
    train_only: tuple[str, ...] = ()
    unlabelled: Unlabelled | None = None

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def positive_index(self) -> list[int]:
        """Return the columns of the real classes."""
        return [self.classes.index(name) for name in self.positive]

    def real(self) -> NDArray[np.float32]:
        """Return each row's probability of a real class: 1 real, 0 bogus, undecided in between.

        A posterior over classes is summed by side; where several classes of a side are allowed, the side counts once.
        """
        is_real = np.isin(np.arange(len(self.classes)), self.positive_index)
        sides = [self.targets[:, side] for side in (is_real, ~is_real)]
        several = self.targets.sum(1) > 1 + 1e-4
        yes, no = (np.where(several, side.max(1, initial=0), side.sum(1)) for side in sides)
        return (yes / np.maximum(yes + no, 1e-9)).astype(np.float32)

    def certainty(self) -> NDArray[np.float32]:
        """Return how far each label is trusted (N,): its weight times the probability of its likelier side, 0..1."""
        real = self.real()
        return np.asarray(self.weights * np.maximum(real, 1 - real), dtype=np.float32)

    def kinds(self) -> NDArray[Any]:
        """Return the main distinction (N,): real or not; the class number if no class is real."""
        return self.real() > 0.5 if self.positive else self.targets.argmax(1)

    def take(self, rows: NDArray[np.intp]) -> "Examples":
        """Return some rows; pixels are read lazily."""
        return replace(
            self,
            targets=self.targets[rows],
            weights=self.weights[rows],
            groups=self.groups[rows],
            features=None if self.features is None else self.features[rows],
            pixels=None if self.pixels is None else Rows(self.pixels, rows),
            tracks=None if self.tracks is None else self.tracks.take(rows),
            applies_to_stamps=None if self.applies_to_stamps is None else self.applies_to_stamps[rows],
            val_mask=None if self.val_mask is None else self.val_mask[rows],
            values=None if self.values is None else self.values[rows],
            notes=[],
        )

    def check(self) -> None:
        """Raise BadExamples if training is impossible, and add warnings to `notes`."""
        if self.targets.shape != (len(self.weights), len(self.classes)):
            raise BadExamples(
                f"targets have shape {self.targets.shape}, but there are {len(self.weights)} weights"
                f" and {len(self.classes)} classes."
            )
        self._check_classes()
        if self.sided:
            self._check_sides()
            self._check_objects()
        if len(np.unique(self.groups)) < 2:
            raise self._too_few_objects()
        if self.features is not None and not np.isfinite(self._known_features(self.features)).all():
            raise BadExamples(
                "Some features are not computed yet (NaN). Score these subjects first, or leave them out."
            )

    def _known_features(self, features: NDArray[np.float16]) -> NDArray[np.float16]:
        return features if self.tracks is None else features[self.tracks.present]

    def _check_classes(self) -> None:
        unknown = set(self.positive) - set(self.classes)
        if unknown or bool(self.positive) != self.sided or len(self.positive) == len(self.classes):
            raise BadExamples(
                f"The real classes {list(self.positive)} must be some, but not all, of the classes"
                f" {list(self.classes)}. Name them with --positive."
            )
        never = [name for name, mass in zip(self.classes, self.targets.sum(0), strict=True) if mass == 0]
        if never:
            names = ", ".join(never)
            self.notes.append(Message("No example allows %(classes)s: the model will never answer so.", classes=names))
        mass = zip(self.classes, self.targets.sum(0), strict=True)
        few = [f"{name} ({n:.0f})" for name, n in mass if 0 < n < FEW]
        if few:
            self.notes.append(
                Message(
                    "Few examples allow %(classes)s: what the model says of them cannot be trusted, nor judged."
                    " Add more, or make one class of several.",
                    classes=", ".join(few),
                )
            )

    def _check_sides(self) -> None:
        real = self.real()
        if not len(real):
            raise BadExamples(Message("No subject has a label yet. Training needs some real and some bogus ones."))
        if not (real > 0.5).any():
            raise BadExamples(Message("No labelled subject is real. Training needs both: add some real ones."))
        if not (real < 0.5).any():
            raise BadExamples(Message("No labelled subject is bogus. Training needs both: add some bogus ones."))

    def _check_objects(self) -> None:
        real, has_weight = self.real(), self.weights > 0
        bogus_too = np.intersect1d(self.groups[has_weight & (real == 1)], self.groups[has_weight & (real == 0)])
        if len(bogus_too):
            self.notes.append(
                Message(
                    "Objects (object_group) whose labels contradict each other, real and bogus: %(n)s. If each is one"
                    " object, correct its labels: no model can learn both.",
                    n=len(bogus_too),
                )
            )

    def split(self, fraction: float = FRACTION) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return row numbers (train, validation); no group is on both sides, and both sides get both kinds if possible.

        Validation gets `fraction` of each kind's groups, 0..0.5, or what `val_mask` says. The split depends on nothing
        but the groups' names and `train_only` (`ml.data.held_out`), so that a model that continues from another one,
        with the same objects and new ones, is validated on objects that neither was trained on.

        Raises BadExamples if there are several kinds, but too few groups to train on more than one; or none is left to
        validate on.
        """
        if self.val_mask is not None:
            return np.flatnonzero(~self.val_mask), np.flatnonzero(self.val_mask)
        kinds = self.kinds()
        held = self._held_out(fraction).rows
        if not held.any() or len(np.unique(kinds[~held])) < min(2, len(np.unique(kinds))):
            raise self._too_few_objects()
        return np.flatnonzero(~held), np.flatnonzero(held)

    def train_only_next(self, fraction: float = FRACTION) -> tuple[str, ...]:
        """Return `train_only` for a model that continues from one of these examples."""
        return self.train_only if self.val_mask is not None else self._held_out(fraction).train_only

    def _held_out(self, fraction: float) -> HeldOut:
        return held_out(self.groups, self.kinds(), fraction, self.train_only)

    def _too_few_objects(self) -> BadExamples:
        objects = len(np.unique(self.groups))
        return BadExamples(
            f"The {len(self)} examples are of {objects} object{'s' * (objects > 1)} (object_group), too few to learn"
            " from some and to judge by others, since those of one object stay together. Give each object an"
            " object_group of its own, or add other objects: two or more of each kind."
        )


@dataclass(frozen=True)
class Rows:
    """Some rows of an array-like, read lazily."""

    source: Any
    rows: NDArray[np.intp]

    def __getitem__(self, index: Any) -> Any:
        return self.source[self.rows[index]]


def grouped_folds(groups: NDArray[Any], kinds: NDArray[Any], folds: int, seed: int) -> NDArray[np.intp]:
    """Return a fold number (N,) for each row: groups stay whole, and kinds are balanced over the folds.

    A kind with two groups or more is in fold 0 and in another one, so that it is in training and validation when fold 0
    is held out. One with a single group is in another fold, unless all kinds are.

    Parameters
    ----------
    groups, kinds
        (N,) each; a group's kind is that of its first row.
    folds, seed
        Number of folds, two or more, and the seed of the shuffle.
    """
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(len(first))
    kind = np.asarray(kinds)[first]
    by_kind = shuffled[np.argsort(kind[shuffled], kind="stable")]
    fold_of_group = np.empty(len(first), dtype=np.intp)
    fold_of_group[by_kind] = _dealt(np.unique(kind, return_counts=True)[1], folds)
    return fold_of_group[inverse.ravel()]


def _dealt(counts: NDArray[np.intp], folds: int) -> NDArray[np.intp]:
    """Return the folds of groups sorted by kind, dealt in turn over all kinds.

    A kind with few groups that would be missing from fold 0, or only there, starts with the last fold instead.
    """
    fold = np.arange(counts.sum()) % folds
    for end, count in zip(counts.cumsum(), counts, strict=True):
        own = fold[end - count : end]
        if (0 in own) != (count > 1) and counts.max() > 1:
            own[:] = np.arange(-1, count - 1) % folds
    return fold


def allowed(labels: Sequence[str], classes: Sequence[str], positive: Sequence[str]) -> NDArray[np.float32]:
    """Return targets (N, K): one-hot for a class name; every real class for "yes", every other for "no".

    Raises BadExamples if a label is neither a class nor a word for yes or no; the message names it and its position.
    """
    column = {name: k for k, name in enumerate(classes)}
    is_real = np.isin(np.asarray(classes), np.asarray(positive))
    targets = np.zeros((len(labels), len(classes)), dtype=np.float32)
    for row, label in enumerate(labels):
        if label in column:
            targets[row, column[label]] = 1
        elif label.lower() in REAL_WORDS:
            targets[row, is_real] = 1
        elif label.lower() in BOGUS_WORDS:
            targets[row, ~is_real] = 1
        else:
            raise BadExamples(f"Label {label!r} of example {row + 1} is none of {', '.join(classes)}, yes or no.")
    return targets
