"""Exponential moving average (EMA) of a network's weights, also known as Polyak averaging."""

from typing import Any

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def ema_of(model: nn.Module, decay: float) -> AveragedModel:
    """Return the moving average of a model's weights and running statistics; call `update_parameters` after each step.

    Parameters
    ----------
    decay
        What a step leaves of the average, 0..1. The first steps leave less (`warmed_up`).
    """

    def average(averaged: Any, current: Any, steps: Any) -> None:
        get_ema_multi_avg_fn(warmed_up(decay, int(steps)))(averaged, current, steps)

    return AveragedModel(model, multi_avg_fn=average, use_buffers=True)


def warmed_up(decay: float, steps: int) -> float:
    """Return the decay after this many steps, that of TensorFlow's ExponentialMovingAverage with `num_updates`.

    Without a warm-up the average would be about the network's first states for tens of steps.
    """
    return min(decay, (1 + steps) / (10 + steps))
