"""Adaptive normalisation: a learned monotone stretch of the flux, and fixed stretches for comparison.

After the W-Net paper (Powell et al., Trajectory-Agnostic Asteroid Detection in TESS with Deep Learning), section IV.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

COMPONENTS = 10
FAINTEST, BRIGHTEST = -3.0, 12.0  # initial locations of the first and the last CDF, in units of the noise
SOFTENING = 3.0  # of asinh, in units of the noise


class AdaptiveNormalisation(nn.Module):
    """Values x of any shape to Σ_k w_k / (1 + exp(-(x - μ_k) / s_k)), of the same shape, between 0 and 1.

    A mixture of logistic cumulative distributions with learned locations μ, scales s = softplus(b) (equation 2) and
    weights w = softmax(a) (equation 1). It is monotone. NaN stays NaN.

    Parameters
    ----------
    components
        Number of distributions; ten in the paper.
    """

    def __init__(self, components: int = COMPONENTS) -> None:
        super().__init__()
        self.location = nn.Parameter(torch.linspace(FAINTEST, BRIGHTEST, components))
        self.scale = nn.Parameter(torch.full((components,), 1.0))
        self.weight = nn.Parameter(torch.zeros(components))

    def forward(self, x: Tensor) -> Tensor:
        """Return the stretched values."""
        scales, weights = functional.softplus(self.scale), self.weight.softmax(0)
        stretched = torch.zeros_like(x)
        # One distribution at a time: all at once would hold ten copies of the cube.
        for location, scale, weight in zip(self.location, scales, weights, strict=True):
            stretched = stretched + weight * torch.sigmoid((x - location) / scale)
        return stretched

    def variance_loss(self) -> Tensor:
        """Return 1 - sigmoid(Var(μ)), between 0 and ½, smaller for more spread-out locations (equation 3)."""
        return 1 - torch.sigmoid(self.location.var(correction=0))


class AsinhNormalisation(nn.Module):
    """Values x to asinh(x / 3) / 3: linear within the noise, logarithmic above it."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the stretched values."""
        return torch.asinh(x / SOFTENING) / SOFTENING


NORMALISATIONS = {"adaptive": AdaptiveNormalisation, "asinh": AsinhNormalisation, "raw": nn.Identity}


def normalisation(name: str) -> nn.Module:
    """Return a fresh one by name.

    Raises
    ------
    ValueError
        If there is no such normalisation.
    """
    if name not in NORMALISATIONS:
        raise ValueError(f"There is no normalisation {name!r}; it is {', '.join(NORMALISATIONS)}.")
    return NORMALISATIONS[name]()
