"""The scene of alert stamps: the light of two exposures and of their difference, before any noise."""

from dataclasses import dataclass, fields

import numpy as np

from ml.simulate.alerts import alert_light as light
from ml.simulate.alerts.alert_light import Psf
from ml.simulate.rendering.light import as_cube


@dataclass
class Scene:
    """Light (n, size, size) without noise.

    science, template : of static sources, in either exposure.
    matched : the template as the subtraction brings it to the seeing of the science exposure.
    change : what the science exposure has more than before; negative for what faded.
    residual : artefacts of the subtraction, in the difference alone.
    """

    science: np.ndarray
    template: np.ndarray
    matched: np.ndarray
    change: np.ndarray
    residual: np.ndarray

    def take(self, rows: np.ndarray) -> "Scene":
        return Scene(*(getattr(self, one.name)[rows] for one in fields(self)))

    def put(self, rows: np.ndarray, painted: "Scene") -> None:
        for one in fields(self):
            getattr(self, one.name)[rows] = getattr(painted, one.name)


@dataclass
class Place:
    """Where the central sources are, and the point spread functions there."""

    x: np.ndarray
    y: np.ndarray
    science: Psf
    template: Psf
    size: int

    def __len__(self) -> int:
        return len(self.x)

    def stars(self, dx: np.ndarray | float = 0.0, dy: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Return stars of the same flux in the science exposure and in the template, of peak 1 in the former."""
        ratio = as_cube((self.science.fwhm / self.template.fwhm) ** 2)
        seen = light.star(self.x + dx, self.y + dy, self.science, self.size)
        return seen, ratio * light.star(self.x + dx, self.y + dy, self.template, self.size)


def of_snr(template: np.ndarray, snr: np.ndarray) -> np.ndarray:
    """Scale images (n, size, size) to a matched-filter S/N in unit noise within 11 pixels of the centre."""
    middle = template.shape[-1] // 2
    core = template[:, middle - 11 : middle + 12, middle - 11 : middle + 12]
    return np.asarray(template * as_cube(snr / np.sqrt(np.maximum((core**2).sum((1, 2)), 1e-9))))
