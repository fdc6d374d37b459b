"""Run a trail detector: from an image to trails."""

import threading
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.imaging.background import in_noise, stretched
from ml.inference.runtime import Run, choose_device, choose_engine, compile_run
from ml.models.compute import cores
from ml.models.trail import Finished, TrailNet
from ml.trails.candidate import LEAST, Candidate, trail_candidates
from ml.trails.candidate_classifier import CandidateClassifier
from ml.trails.detected_trail import Trail, trail_of
from ml.trails.maps import Maps
from ml.trails.tiling import OVERLAP, TILE, sewn

KEPT = 8  # number of cached networks, one per shape of tiles: each needs as much memory as its maps
FAINTEST_SCORE = 0.01  # minimum probability of a trail or look-alike to report
Array = NDArray[Any]


class Detector(Protocol):
    """The interface of trail detectors."""

    def trails(self, pixels: Array) -> list[Trail]:
        """Return the trails of an image (H, W) of any size, highest score first."""
        ...


class LearnedDetector:
    """The segmentation network, and the classifier of its candidates.

    It can be shared between threads: the network is compiled once for each shape of tiles, with one stream per image in
    progress.

    Parameters
    ----------
    net, classifier
        As trained; without a classifier, the network's own mean probabilities are used.
    device
        "auto", "cpu", "cuda".
    engine
        "auto", "openvino" or "torch".
    threads
        Cores per image; None for all. With fewer, more images are processed in parallel.
    tile, overlap
        Tile size of larger images in pixels, and overlap; multiples of 32.
    least
        Minimum foreground probability of a cell, 0..1. A trail needs three such cells, which the shortest have only at
        0.3 or less; the classifier must reject the fainter lines that come with them.
    """

    def __init__(
        self,
        net: TrailNet,
        classifier: CandidateClassifier | None = None,
        *,
        device: str = "auto",
        engine: str = "auto",
        threads: int | None = None,
        tile: int = TILE,
        overlap: int = OVERLAP,
        least: float = LEAST,
    ) -> None:
        self.net, self.classifier = Finished(net.eval()).eval(), classifier
        self.device = choose_device(device)
        self.engine = choose_engine(engine, self.device)
        self.threads, self.tile, self.overlap, self.least = threads, tile, overlap, least
        self._runs: dict[tuple[int, ...], Run] = {}
        self._compiling = threading.Lock()

    def candidates(self, pixels: Array) -> list[Candidate]:
        """Return the unclassified candidates of an image (H, W)."""
        return self.candidates_in(in_noise(pixels))

    def candidates_in(self, noise_units: Array) -> list[Candidate]:
        """Return the candidates of an image (H, W) already in units of its noise."""
        maps = Maps.of(sewn(stretched(noise_units), self.run, self.tile, self.overlap))
        return trail_candidates(maps, noise_units, self.least)

    def trails(self, pixels: Array) -> list[Trail]:
        """Return the trails of an image (H, W) of any size, highest score first.

        Raises ml.imaging.background.NoPixels if no part of the image is at least an eighth measured.

        Parameters
        ----------
        pixels
            Counts or electrons, sky included or not; NaN where nothing was measured.
        """
        return classify_candidates(self.candidates(pixels), self.classifier, pixels.shape)

    def run(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the maps (1, P, h / 4, w / 4) of a stretched image (1, 1, h, w)."""
        shape = images.shape[1:]
        run = self._runs.get(shape) or self._compiled(shape)
        return run(images)

    def _compiled(self, shape: tuple[int, ...]) -> Run:
        streams = 1 if self.threads is None else max(1, cores() // self.threads)
        with self._compiling:
            if shape not in self._runs:
                while len(self._runs) >= KEPT:
                    del self._runs[next(iter(self._runs))]
                self._runs[shape] = compile_run(
                    self.net, shape, device=self.device, engine=self.engine, streams=streams
                )
            return self._runs[shape]


def classify_candidates(
    found: list[Candidate], classifier: CandidateClassifier | None, shape: tuple[int, ...]
) -> list[Trail]:
    """Return candidates of an image of `shape` as trails, highest score first, except those clearly nothing."""
    if not found:
        return []
    probabilities = np.stack([candidate.probabilities for candidate in found])
    looked = [n for n, candidate in enumerate(found) if candidate.features is not None]
    if classifier is not None and looked:
        features = np.stack([candidate.features for candidate in found if candidate.features is not None])
        probabilities[looked] = classifier(features)
    made = [
        trail_of(each.curve, probability, each.width, each.snr, shape)
        for each, probability in zip(found, probabilities, strict=True)
        if 1 - probability[0] >= FAINTEST_SCORE
    ]
    return sorted(made, key=lambda trail: -trail.score)
