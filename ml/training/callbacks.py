"""The epoch callback of a training run; an exception that it raises ends the run."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Epoch:
    """One line of a training run's diary; `metrics` holds accuracy and roc_auc on the validation part (NaN: no say)."""

    epoch: int
    epochs: int
    loss: float
    val_loss: float
    metrics: dict[str, float] = field(default_factory=dict)


OnEpoch = Callable[[Epoch], None]


def silent(epoch: Epoch) -> None:
    """Take an epoch's report and say nothing."""
