"""The ATLAS paper's tracklet MLP over four stamps.

Rabeendran & Denneau 2021, A Two-Stage Deep Learning Detection Classifier for the ATLAS Asteroid Survey, section 3.2.2:
a perceptron over 4 × K scores, with the loss of real tracklets weighted 4 : 1.

Every tracklet network maps log class scores (N, F, K), which are present (N, F), and facts (N, D) of the whole tracklet
to a real-bogus logit (N,).
"""

import torch
from torch import Tensor, nn

DETECTIONS = 4


class PaperNet(nn.Module):
    """The paper's perceptron: 4 × K confidence scores in order, one hidden layer, one output.

    The paper does not give the width of the hidden layer, nor its activation.
    """

    def __init__(self, classes: int, hidden: int = 24) -> None:
        super().__init__()
        self.hidden = nn.Linear(DETECTIONS * classes, hidden)
        self.out = nn.Linear(hidden, 1)

    def forward(self, log_scores: Tensor, present: Tensor, facts: Tensor) -> Tensor:
        """Return the logit (N,) that each tracklet is real; facts are ignored."""
        return self.of_four(first_four(log_scores, present).exp())

    def of_four(self, scores: Tensor) -> Tensor:
        """Return the logit (N,) from the confidence scores (N, 4, K) of exactly four stamps."""
        return self.out(torch.relu(self.hidden(scores.flatten(1)))).squeeze(1)


def first_four(log_scores: Tensor, present: Tensor) -> Tensor:
    """Return (N, 4, K) from (N, F, K): the first four present stamps; a shorter tracklet is filled with its mean."""
    order = torch.argsort((~present).to(torch.uint8), dim=1, stable=True)[:, :DETECTIONS]
    there = present.gather(1, order)[..., None]
    chosen = log_scores.gather(1, order[..., None].expand(-1, -1, log_scores.shape[2]))
    if order.shape[1] < DETECTIONS:
        missing = DETECTIONS - order.shape[1]
        chosen = nn.functional.pad(chosen, (0, 0, 0, missing))
        there = nn.functional.pad(there, (0, 0, 0, missing))
    mean = masked_mean(log_scores, present)
    return torch.where(there, chosen, mean[:, None])


def masked_mean(values: Tensor, present: Tensor) -> Tensor:
    """Return the mean (N, K) of the present ones of (N, F, K)."""
    n = present.sum(1).clamp(min=1)[:, None]
    return torch.where(present[..., None], values, 0.0).sum(1) / n
