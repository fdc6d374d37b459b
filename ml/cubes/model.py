"""A trained W-Net: from a cube to the probability of a mover at each voxel."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ml.cubes.augment import SYMMETRIES, apply_symmetry, undo_symmetry
from ml.cubes.sliding_window import slide
from ml.inference.checkpoint import BadCheckpoint, Checkpoint
from ml.inference.runtime import choose_device
from ml.models.autotune import autotune
from ml.models.compute import Compute, limit_torch
from ml.models.wnet import WNet

ROLE = "cube"
SHORT = ("out of memory", "not enough memory", "allocate memory")
WAYS = (0, 2, 9, 15, *(way for way in range(SYMMETRIES) if way not in {0, 2, 9, 15}))  # most different ones first
MOST_LEVELS, WIDEST, DEEPEST = 7, 256, 4
WINDOW = 64  # voxels of a window along each axis, as in the paper


class CubeModel:
    """A network, with sliding-window inference over cubes of any size.

    Parameters
    ----------
    network
        In any mode; it is set to eval mode.
    threshold
        Probability from which a voxel counts as a mover.
    window
        Maximum window in voxels along T, Y and X.
    step
        Frames between windows; None for half a window, 1 for the paper's inference.
    tta
        Number of symmetries, of sixteen, to average over. The time is proportional to it.
    """

    def __init__(
        self,
        network: WNet,
        threshold: float = 0.5,
        *,
        window: int = WINDOW,
        step: int | None = None,
        tta: int = 1,
        device: str = "auto",
    ) -> None:
        if step is not None and step < 1:
            raise ValueError(f"--stride is a number of frames, 1 or more, not {step}.")
        if not 1 <= tta <= SYMMETRIES:
            raise ValueError(f"--tta is the number of symmetries to average over, 1 to {SYMMETRIES}, not {tta}.")
        self.device = choose_device(device)
        self.network = network.to(self.device)
        self._compute: dict[tuple[int, ...], Compute] = {}
        self.threshold, self.window, self.step, self.tta = threshold, window, step, tta

    @classmethod
    def of(cls, checkpoint: Checkpoint, *, step: int | None = None, tta: int = 1, device: str = "auto") -> "CubeModel":
        """Return the model of a checkpoint.

        Raises BadCheckpoint if its role is not "cube".
        """
        role = checkpoint.manifest["role"]
        if role != ROLE:
            raise BadCheckpoint(
                f"This is a checkpoint of the role {role!r}, which cannot read cubes. Use one of the role {ROLE!r}."
            )
        limit_torch()
        network = network_of(checkpoint.manifest["preprocessing"])
        network.load_state_dict(checkpoint.part("cube."))
        return cls(network, float(checkpoint.manifest["threshold"]), step=step, tta=tta, device=device)

    def probabilities(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities (T, Y, X) from the input channels (C, T, Y, X) of a cube; extra channels are ignored."""
        channels = channels[: self.network.channels]
        if self.tta == 1:
            return self._slid(channels)
        total = np.zeros(channels.shape[1:], np.float32)
        for way in WAYS[: self.tta]:
            total += undo_symmetry(self._slid(np.ascontiguousarray(apply_symmetry(channels, way))), way)
        total /= np.float32(self.tta)
        return total

    def _slid(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        t, y, x = (min(self.window, self._rounded(side)) for side in channels.shape[1:])
        step = (min(t, self.step or max(1, t // 2)), max(1, y // 2), max(1, x // 2))
        self.network.eval()
        with enough_memory("Take the preset 'cpu', or run it where there is more memory."):
            return slide(channels, self._window, (t, y, x), step)

    def _rounded(self, side: int) -> int:
        return -(-side // self.network.multiple) * self.network.multiple

    def _window(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        crop = torch.from_numpy(channels)[None]
        compute = self._compute.get(channels.shape)
        if compute is None:
            compute = self._compute[channels.shape] = autotune(self.network, crop.to(self.device), training=False)
        compute.place(self.network, self.device)
        with torch.inference_mode(), compute.limited():
            p: NDArray[np.float32] = (
                self.network(compute.place(crop, self.device))[0, 0].float().sigmoid().cpu().numpy()
            )
        return p


@contextmanager
def enough_memory(remedy: str) -> Iterator[None]:
    """Turn out-of-memory errors of torch and numpy into MemoryShort with a remedy."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # On a CPU torch says so in an ordinary RuntimeError of its allocator.
        if isinstance(error, RuntimeError) and not any(words in str(error) for words in SHORT):
            raise
        raise MemoryShort(f"Not enough memory for this network. {remedy}") from error


class MemoryShort(ValueError):
    """Not enough memory; the message says what to change."""


def network_of(preprocessing: dict[str, Any]) -> WNet:
    """Build a network from the "preprocessing" of a checkpoint's manifest.

    Raises ValueError if it is too large to search cubes with.
    """
    widths, depth = tuple(preprocessing["widths"]), int(preprocessing["depth"])
    if not (0 < len(widths) <= MOST_LEVELS and all(1 <= each <= WIDEST for each in widths) and 1 <= depth <= DEEPEST):
        raise ValueError(f"A W-Net has 1 to {MOST_LEVELS} levels, of 1 to {WIDEST} filters and {DEEPEST} convolutions.")
    # Older checkpoints, with one channel, do not state their number of channels.
    return WNet(widths, depth, str(preprocessing["normalisation"]), int(preprocessing.get("views", 1)))
