"""The tabular branch: a network that corrects class scores by magnitude, S/N, rate or seeing."""

import torch
from torch import Tensor, nn

FLOOR = -10.0
REACH = 5.0  # clipping of values, in standard deviations


class MetadataNet(nn.Module):
    """Log class scores (N, K) and values (N, M), NaN where unknown, to log class scores (N, K).

    A perceptron of the scores, the standardised values and a mask of known ones is added to the scores. If all values
    are missing it adds nothing: the answer is that of the pixels.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, classes: int, columns: int, hidden: int = 24) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("scale", torch.ones(columns))
        self.hidden = nn.Linear(classes + 2 * columns, hidden)
        self.out = nn.Linear(hidden, classes)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def standardise_like(self, values: Tensor) -> None:
        """Fit mean and spread of each column's known values (N, M), after an asinh."""
        for column, known in enumerate(torch.asinh(values).T):
            known = known[known.isfinite()]
            if len(known) > 1:
                self.mean[column], self.scale[column] = known.mean(), known.std().clamp(min=1e-3)

    def forward(self, log_scores: Tensor, values: Tensor) -> Tensor:
        """Return the corrected log class scores (N, K)."""
        known = values.isfinite()
        levels = (torch.asinh(values.nan_to_num(0, 0, 0)) - self.mean) / self.scale
        levels = torch.where(known, levels.clamp(-REACH, REACH), 0)
        x = torch.cat([log_scores.clamp(min=FLOOR) / -FLOOR, levels, known.float()], dim=1)
        said = self.out(torch.tanh(self.hidden(x))) * known.any(1, keepdim=True)
        return (log_scores + said).log_softmax(1)
