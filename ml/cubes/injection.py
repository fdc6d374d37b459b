"""Training cubes without masks: simulated movers injected into real cubes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cubes.input_channels import seen, shortened
from ml.cubes.sampler import Example
from ml.simulate.injection.cubes import frame_noise, inject_cube
from ml.simulate.tess.movers import FAINTEST, draw_movers

MOVERS = 3.0  # on average in a cube
TESS_NOISE = 0.3  # electrons per second, as in the simulated cubes (docs/simulations.md)


def injected(flux: NDArray[Any], name: str, group: str, *, cadence: float, seed: int) -> Example:
    """Return a cube with simulated movers, and their mask.

    Parameters
    ----------
    flux
        (T, Y, X) in any unit, NaN where nothing was measured, without movers.
    name, group
        Name of the example, and its split group.
    cadence
        Seconds between frames.
    seed
        The same seed draws the same movers.

    Returns
    -------
    An example whose movers have the same S/N relative to this cube's noise as those of `ml.simulate.tess.cubes` to
    TESS's.
    """
    rng = np.random.default_rng(seed)
    flux = np.asarray(flux, dtype=np.float32)
    movers = draw_movers(rng, max(1, int(rng.poisson(MOVERS))), flux.shape, cadence, FAINTEST)
    noise = frame_noise(flux)
    typical = float(np.median(noise[noise > 0])) if (noise > 0).any() else TESS_NOISE
    movers.light = movers.light * (typical / TESS_NOISE)
    made = inject_cube(flux, movers)
    views, measured = seen(made.flux)
    whole = None if measured.all() else measured
    return Example(name, group, shortened(views), made.mask, whole)
