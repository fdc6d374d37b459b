"""FixMatch: fine-tune a network on its labels, and on what it says of unlabelled stamps where it is confident.

Sohn et al. 2020, arXiv:2001.07685; for astronomical images AnomalyMatch, arXiv:2505.03509. The confident answer on a
weakly changed stamp (flips and shifts) is the label of the same stamp, strongly changed.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.data.augmentation import AUGMENTS, strong
from ml.data.dataset import BadExamples, Examples
from ml.data.preprocessing import Preprocessing
from ml.data.tensors import FrameTensors, how_many_fit, load_pixels
from ml.training.learner import Batches, Logits, loss_of
from ml.training.losses import partial_label_loss
from ml.training.schedule import Schedule
from ml.training.training_state import State

CONFIDENCE = 0.95
STEPS, ROUNDS = 500, 10
LABELLED, UNLABELLED = 16, 48  # frames of one step
COST = 80  # frames of fine-tuning that take as long as one step, which sees unlabelled ones twice, learning once
EMA = 0.99


def matched(schedule: Schedule) -> Schedule:
    """Return FixMatch's schedule for a network whose fine-tuning has the given one.

    However many labels, `STEPS` steps, or for large networks, whose fine-tuning is short, as many as take twice its
    work: few enough for ten minutes on two cores. At half the rate, and not stopped early, since the validation loss of
    few labels may rise before it falls.
    """
    views = LABELLED * min(STEPS, 2 * schedule.views // COST)
    return replace(
        schedule,
        views=views,
        fewest=views,
        rounds=ROUNDS,
        patience=ROUNDS,
        rate=schedule.rate / 2,
        ema=EMA,
        batch=LABELLED,
        unlabelled=UNLABELLED,
    )


def pool_frames(examples: Examples, validation: NDArray[np.intp], preprocessing: Preprocessing) -> Tensor:
    """Read and stretch the unlabelled frames to learn from, (n, C, H, W) float16, in the order of their names' hashes.

    Objects of the `validation` rows are left out, and others that `Unlabelled.learnable` names. Beyond the memory that
    `how_many_fit` allows, so are the last.

    Raises
    ------
    BadExamples
        If there are none, or their channels or size are not those of the labelled stamps.
    """
    pool = examples.unlabelled
    if pool is None or not len(pool):
        raise BadExamples(
            "FixMatch learns from unlabelled stamps too, and there are none with the channels and size of the labelled"
            " ones. Add some, or use preset finetune."
        )
    expected, found = (np.asarray(pixels[np.arange(1)]).shape[2:] for pixels in (examples.pixels, pool.pixels))
    if found != expected:
        raise BadExamples(
            f"The unlabelled stamps have shape {found} (channels, height, width), but the labelled ones {expected}."
            " FixMatch needs both alike."
        )
    rows = pool.learnable(set(examples.groups[validation].astype(str).tolist()))
    if not len(rows):
        raise BadExamples(
            f"None of the {len(pool)} unlabelled stamps is left to learn from: their objects are held out for"
            " validation, as a fifth of all are. Add others, or use preset finetune."
        )
    rows = rows[: how_many_fit(pool.pixels, rows, preprocessing)]
    return load_pixels(pool.pixels, rows, preprocessing).flatten(0, 1)


class MatchedBatches(Batches):
    """Batches of labelled frames, each with as many unlabelled ones as the schedule says, in turn.

    Parameters
    ----------
    frames, seed, schedule, noise
        As of `Batches`.
    pool
        Unlabelled frames (n, C, H, W), already in random order.
    positive
        The columns of the real classes; none if classes have no sides.
    """

    def __init__(
        self, frames: FrameTensors, pool: Tensor, seed: int, schedule: Schedule, noise: float, positive: Sequence[int]
    ) -> None:
        super().__init__(frames, seed, schedule, noise)
        self.pool, self.number, self.positive, self.turn = pool, schedule.unlabelled, list(positive), 0

    def loss(self, logits: Logits) -> Tensor:
        """Return the loss on the next labels, plus the mean loss of strong views with the pseudo-labels of weak ones.

        Stamps without a confident answer count as loss 0 in that mean.
        """
        batch, stamps = self.draw(), self._next()
        with torch.no_grad():
            targets = pseudo_labels(
                logits(AUGMENTS["flips"](stamps, self.random, self.noise)).softmax(1), self.positive
            )
        views = torch.cat([batch.pixels, strong(stamps, self.random, self.noise)])
        labelled, unlabelled = logits(views).split([len(batch), len(stamps)])
        sure = targets.any(1)
        return loss_of(labelled, batch) + partial_label_loss(unlabelled[sure], targets[sure]).sum() / len(stamps)

    def _next(self) -> Tensor:
        rows = (self.turn * self.number + torch.arange(self.number)) % len(self.pool)
        self.turn += 1
        return self.pool[rows].float()

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors that decide the next batches."""
        return super().tensors() | {"turn": torch.tensor(self.turn)}

    def restore(self, state: State) -> None:
        """Resume with the batches after those of a state."""
        super().restore(state)
        self.turn = int(state.tensors["turn"])


def pseudo_labels(p: Tensor, positive: Sequence[int]) -> Tensor:
    """Return the targets (B, K) that confident answers give, as `partial_label_loss` reads them.

    The class with a probability of `CONFIDENCE` or more; else all classes of the side, real or bogus, that has it
    together; all 0 where neither does.

    Parameters
    ----------
    p
        (B, K) class probabilities.
    positive
        The columns of the real classes; none if classes have no sides.
    """
    targets = (p >= CONFIDENCE).float()
    if not positive:
        return targets
    real = torch.zeros(p.shape[1], device=p.device)
    real[list(positive)] = 1
    sides = torch.stack([real, 1 - real])
    of_side = ((p @ sides.T >= CONFIDENCE).float()) @ sides
    return torch.where(targets.any(1, keepdim=True), targets, of_side)
