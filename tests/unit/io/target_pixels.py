"""A target pixel file in the format of TESS, as bytes."""

import io

import numpy as np
from astropy.io import fits


def target_pixels(n=5, drop=None, times=None):
    """Return a file of n cadences of 3 by 4 pixels, without the column `drop`."""
    columns = {
        "TIME": ("D", 1325.3 + np.arange(n) / 72 if times is None else times),
        "TIMECORR": ("E", np.full(n, 100 / 86400, np.float32)),
        "FLUX": ("12E", flux(n)),
    }
    wanted = [
        fits.Column(key, form, array=values, dim="(4,3)" if key == "FLUX" else None)
        for key, (form, values) in columns.items()
        if key != drop
    ]
    table = fits.BinTableHDU.from_columns(wanted, name="PIXELS")
    table.header.update({"BJDREFI": 2457000, "BJDREFF": 0.0, "TIMEDEL": 1 / 720, "DEADC": 0.792, "TIMESYS": "TDB"})
    aperture = fits.ImageHDU(np.ones((3, 4), np.int32), name="APERTURE")
    aperture.header.update({"CTYPE1": "RA---TAN", "CRVAL1": 63.4})
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table, aperture]).writeto(out)
    return out.getvalue()


def flux(n=5):
    return np.random.default_rng(0).normal(size=(n, 3, 4)).astype(np.float32)
