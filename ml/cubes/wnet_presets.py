"""Training presets of the W-Net: network size and number of steps."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Preset:
    """A W-Net and its training.

    Parameters
    ----------
    widths, depth
        Of the network; see `ml.models.wnet.WNet`.
    crop, batch
        Side of the crops in voxels, and batch size.
    steps, rounds
        Total steps, and number of validations.
    rate
        Peak learning rate.
    patience
        Patience: validations without improvement after which the run ends.
    judged
        Validation cubes per round.
    variance
        Weight of Adaptive Normalisation's variance term (the paper's λ).
    entropy
        Weight of the cross entropy relative to the Dice loss; 0 in the paper.
    """

    widths: tuple[int, ...]
    depth: int
    crop: int
    batch: int
    steps: int
    rounds: int
    rate: float
    patience: int
    judged: int
    variance: float = 0.1
    entropy: float = 0.0


PRESETS = {
    "cpu": Preset((16, 16, 32), 1, 32, 4, steps=11_000, rounds=12, rate=4e-3, patience=5, judged=12, entropy=10.0),
    "paper": Preset((32, 64, 128, 256), 2, 64, 4, steps=200_000, rounds=600, rate=1e-3, patience=60, judged=64),
}


def preset(name: str, *, crop: int | None = None, batch: int | None = None) -> Preset:
    """Return a preset by name, optionally with another crop or batch size.

    Raises ValueError for an unknown name, or crops that cannot be halved often enough.
    """
    if name not in PRESETS:
        raise ValueError(f"There is no cube preset {name!r}; it is {' or '.join(PRESETS)}.")
    chosen = PRESETS[name]
    chosen = replace(chosen, crop=crop or chosen.crop, batch=batch or chosen.batch)
    multiple = 2 ** (len(chosen.widths) - 1)
    if chosen.crop % multiple or chosen.crop < 2 * multiple or chosen.batch < 1:
        raise ValueError(
            f"--crop {chosen.crop} cannot be halved {len(chosen.widths) - 1} times: take a multiple of {multiple}, at"
            f" least {2 * multiple}."
        )
    return chosen
