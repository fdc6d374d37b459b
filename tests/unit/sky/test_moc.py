"""MOCs as FITS, ASCII and JSON are read alike; what is none is refused with a sentence."""

import io
import json

import numpy as np
import pytest
from astropy.io import fits

from ml.sky.moc import MAX_ORDER, MOST_RANGES, SKY, BadMoc, read_moc, sky_fraction

ORDERS = {1: [0, 1, 2, 3, 47], 3: [64, 65, 66, 70], 29: [SKY - 1]}
ASCII = "1/0-3,47 3/64-66 70 29/" + str(SKY - 1)
CELL = 4 ** (MAX_ORDER - 3)
RANGES = [[0, 67 * CELL], [70 * CELL, 71 * CELL], [47 * 16 * CELL, 48 * 16 * CELL]]
"""Of ORDERS by hand: 64 of order 3 follows on 0 to 3 of order 1, and the last cell of all lies in 47 of order 1."""


def table(cells, form, **cards):
    column = fits.Column("UNIQ", form, array=np.array(cells))
    hdu = fits.BinTableHDU.from_columns([column])
    for key, value in {"COORDSYS": "C", **cards}.items():
        hdu.header[key] = value
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(out)
    return out.getvalue()


NUNIQ = [4 * 4**order + cell for order, cells in ORDERS.items() for cell in cells]


@pytest.mark.parametrize(
    "content",
    [
        ASCII.encode(),
        f"s{ASCII}\n".encode(),
        b"1/0 1/1,2\n3 47 3/64 65,66 3/70-70",
        json.dumps(ORDERS).encode(),
        table(NUNIQ, "1K", ORDERING="NUNIQ", MOCORDER=29),
        table(np.ravel(RANGES)[::-1].reshape(-1, 2)[:, ::-1].ravel(), "1K", ORDERING="RANGE", MOCDIM="SPACE"),
    ],
)
def test_every_format_covers_the_same(content):
    assert read_moc(content).tolist() == RANGES


def test_the_whole_sky_is_1_and_overlaps_count_once():
    assert sky_fraction(read_moc(b"0/0-11 5/7")) == 1
    assert sky_fraction(read_moc(b"0/0 1/1")) == pytest.approx(1 / 12)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "covers nothing"),
        (b"3/", "covers nothing"),
        (b"5 3/1", "not part of a MOC"),
        (b"3/1-", "not part of a MOC"),
        (b"\xff\xfe", "not part of a MOC"),
        (b"3/" + b"9" * 5000, "not part of a MOC"),
        (b'{"3": [1e999]}', "not the JSON"),
        (b"3/768", "no HEALPix cell 768 of order 3"),
        (b"3/9-4", "no HEALPix cell 9-4"),
        (b"30/1", "of order 30"),
        (b'{"3": [1, "x"]}', "not the JSON"),
        (b'{"3": 1}', "not the JSON"),
        (b"{" * 3000, "not the JSON"),
        (f"29/{','.join(str(2 * n) for n in range(MOST_RANGES + 1))}".encode(), "20,001 separate ranges"),
        (table([16], "1J", ORDERING="NUNIQ", COORDSYS="G"), "equatorial"),
        (table([0, 1, 2], "1K", ORDERING="RANGE"), "NUNIQ or RANGE"),
        (table([1.5], "1D", ORDERING="NUNIQ"), "NUNIQ or RANGE"),
        (table([3], "1J", ORDERING="NUNIQ"), "no HEALPix cell"),
        (table([-1], "1J", ORDERING="NUNIQ"), "no HEALPix cell"),
        (table([4], "1J", ORDERING="NUNIQ")[:4000], "readable"),
        (table([4], "1J", ORDERING="NUNIQ").replace(b"'1J      '", b"'9999999J'"), "NUNIQ or RANGE"),
        (table([4], "1J", ORDERING="NUNIQ").replace(b"NAXIS2  =   ", b"NAXIS2  = 999"), "readable"),
        (b"SIMPLE  =  T", "no readable table"),
    ],
)
def test_what_is_no_moc_is_refused(content, complaint):
    with pytest.raises(BadMoc, match=complaint):
        read_moc(content)
