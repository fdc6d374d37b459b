"""Deep Sets: a tracklet network over any number of stamps in any order, plus whole-tracklet features.

Zaheer et al. 2017, NeurIPS, Deep Sets: a network for each member, pooling, and a network for what is pooled.
"""

import torch
from torch import Tensor, nn

from ml.models.paper_mlp import masked_mean

FLOOR = -10.0  # floor of log-probabilities
FARTHEST = 4.0  # clipping of facts, in standard deviations


class SetNet(nn.Module):
    """Log class scores (N, F, K), which are present (N, F), and facts (N, D) to a real-bogus logit (N,).

    The logit is the stamps' mean log-odds of being real, scaled, plus a learned term from the pooled stamps and the
    facts (features of the whole tracklet): with few labels the mean alone is already a good classifier. A missing fact,
    NaN, is replaced by the training mean and flagged. The result is bit-for-bit independent of the stamps' order: they
    are sorted by their scores first.

    Parameters
    ----------
    classes, positive
        K, and the columns of the real classes.
    facts
        D.
    width, hidden
        Features pooled from each stamp, and hidden units of the network above.
    """

    mean: Tensor
    spread: Tensor
    platt: Tensor

    def __init__(self, classes: int, positive: list[int], facts: int, width: int = 24, hidden: int = 32) -> None:
        super().__init__()
        self.positive = positive
        self.negative = [k for k in range(classes) if k not in positive]
        self.chip = nn.Sequential(nn.Linear(classes, width), nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.scale = nn.Parameter(torch.ones(1))
        self.hidden = nn.Linear(3 * width + 3 + 2 * facts, hidden)
        self.out = nn.Linear(hidden, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("mean", torch.zeros(facts))
        self.register_buffer("spread", torch.ones(facts))
        self.register_buffer("platt", torch.tensor([1.0, 0.0]))

    def forward(self, log_scores: Tensor, present: Tensor, facts: Tensor) -> Tensor:
        """Return the logit (N,) that each tracklet is real."""
        x, there = log_scores.clamp(min=FLOOR), present
        if not self.training:  # in training, exact order independence does not matter
            x, there = sorted_stamps(x, there)
        odds = x[..., self.positive].logsumexp(-1) - x[..., self.negative].logsumexp(-1)
        pooled = self.pooled(self.chip(x / -FLOOR), there), self.pooled(odds[..., None] / -FLOOR, there)
        above = torch.tanh(self.hidden(torch.cat([*pooled, self.standard(facts)], dim=1)))
        logit = self.scale * masked_mean(odds[..., None], there)[:, 0] + self.out(above)[:, 0]
        return self.platt[0] * logit + self.platt[1]

    @staticmethod
    def pooled(values: Tensor, present: Tensor) -> Tensor:
        """Return mean, maximum and standard deviation (N, 3 W) of the present ones of (N, F, W)."""
        mean = masked_mean(values, present)
        spread = (masked_mean((values - mean[:, None]) ** 2, present) + 1e-6).sqrt()
        most = torch.where(present[..., None], values, -torch.inf).amax(1)
        return torch.cat([mean, torch.where(present.any(1)[:, None], most, 0.0), spread], dim=1)

    def standard(self, facts: Tensor) -> Tensor:
        """Standardise the facts (N, D), with 0 for missing ones (NaN), and append flags for known ones: (N, 2 D)."""
        known = facts.isfinite()
        away = torch.where(known, (facts - self.mean) / self.spread, 0.0)
        return torch.cat([away.clamp(-FARTHEST, FARTHEST), known.float()], dim=1)

    def learn_scale(self, facts: Tensor) -> None:
        """Fit mean and spread of the known facts (N, D); facts that are constant or always missing are ignored."""
        known = facts.isfinite()
        mean = masked_mean(facts.T[..., None].nan_to_num(), known.T)[:, 0]
        square = masked_mean(((facts - mean).nan_to_num() ** 2).T[..., None], known.T)[:, 0]
        self.mean.copy_(mean)
        self.spread.copy_(torch.where(square > 1e-6, square.sqrt(), torch.inf))


def sorted_stamps(values: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Return stamps (N, F, K), present ones first and sorted by value, and which are present (N, F)."""
    order = torch.arange(values.shape[1], device=values.device).expand(values.shape[:2])
    keys = [*values.unbind(-1), (~present).to(values.dtype)]
    for key in keys:
        order = order.gather(1, key.gather(1, order).argsort(dim=1, stable=True))
    return values.gather(1, order[..., None].expand_as(values)), present.gather(1, order)
