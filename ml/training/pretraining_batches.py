"""The batches of pretraining: made in the training process, or ahead of a GPU by other processes."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ml.data.preprocessing import SKY_UNITS
from ml.simulate.labelled_stamps import LabelledStamps
from ml.training.pretraining_views import Labels, Portion, batch


@dataclass(frozen=True)
class PretrainingBatches(Dataset[tuple[Tensor, Labels]]):
    """The batch of each step, which depends on the seed and the step alone."""

    pool: dict[str, LabelledStamps]
    seed: int
    portions: Sequence[Portion]

    def __getitem__(self, step: int) -> tuple[Tensor, Labels]:
        return batch(self.pool, SKY_UNITS, [self.seed, step], self.portions)


def batches(drawn: PretrainingBatches, steps: range, workers: int) -> DataLoader[tuple[Tensor, Labels]]:
    """Return the batches of some steps, in order; so many processes make them ahead, 0 for none.

    The processes are forked, to share the pool's memory, and do not touch the GPU. So ask for some only in a program
    that does nothing else: one with connections and threads would share those too.
    """
    return DataLoader(
        drawn,
        batch_size=None,
        sampler=steps,
        num_workers=workers,
        multiprocessing_context="fork" if workers else None,
        worker_init_fn=_alone,
    )


def _alone(_: int) -> None:
    torch.set_num_threads(1)
