"""The tracklet network: from the class scores of four chips to one probability of a real mover.

After the two-step network of ATLAS (Rabeendran & Denneau 2021, A Two-Stage Deep Learning Detection Classifier for the
ATLAS Asteroid Survey, section 3.2.2): a perceptron over 4 × K scores, with the loss of real tracklets weighted 4 : 1.
"""

import torch
from torch import Tensor, nn

CHIPS = 4
FLOOR = -10.0  # log-probabilities below e^-10 say no more than "no"


class TrackletNet(nn.Module):
    """Log class scores (N, 4, K) to a real/bogus logit (N,).

    The logit is the chips' mean log-odds of being real, scaled, plus what a perceptron adds to it: with few labels the
    mean alone is already a good classifier, and with many the perceptron learns which mixtures of chips are not.
    """

    def __init__(self, classes: int, positive: list[int], hidden: int = 24) -> None:
        super().__init__()
        self.positive = positive
        self.negative = [k for k in range(classes) if k not in positive]
        self.scale = nn.Parameter(torch.ones(1))
        self.hidden = nn.Linear(CHIPS * classes, hidden)
        self.out = nn.Linear(hidden, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, log_scores: Tensor) -> Tensor:
        """Return the logit (N,) that each tracklet is real."""
        x = log_scores.clamp(min=FLOOR)
        odds = x[..., self.positive].logsumexp(-1) - x[..., self.negative].logsumexp(-1)
        correction = self.out(torch.tanh(self.hidden(x.flatten(1) / -FLOOR)))
        return self.scale * odds.mean(1) + correction.squeeze(1)


def first_four(log_scores: Tensor) -> Tensor:
    """Return (N, 4, K) from (N, F, K): the first four chips; a shorter tracklet lends its mean for what is missing."""
    frames = log_scores.shape[1]
    if frames >= CHIPS:
        return log_scores[:, :CHIPS]
    mean = log_scores.mean(1, keepdim=True).expand(-1, CHIPS - frames, -1)
    return torch.cat([log_scores, mean], dim=1)
