"""The epoch callback of a training run, and how it cancels one."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Epoch:
    """The report of one epoch; `metrics` has accuracy and roc_auc on the validation set (NaN: undefined)."""

    epoch: int
    epochs: int
    loss: float
    val_loss: float
    metrics: dict[str, float] = field(default_factory=dict)


class Cancelled(Exception):
    """Raise it inside `on_epoch` to end the run now."""


OnEpoch = Callable[[Epoch], None]


def silent(epoch: Epoch) -> None:
    """Ignore an epoch's report."""
