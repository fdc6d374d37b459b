"""Packed dates and designations, against the examples of the Minor Planet Center's pages."""

import pytest
from astropy.time import Time

from ml.sky.packed import unpack_date, unpack_designation

NAMES = {
    "03202": "3202", "50000": "50000", "A0345": "100345", "a0017": "360017", "K3289": "203289", "~0000": "620000",
    "~000z": "620061", "~AZaz": "3140113", "J95X00A": "1995 XA", "J95X01L": "1995 XL1", "J95F13B": "1995 FB13",
    "J98SA8Q": "1998 SQ108", "J98SC7V": "1998 SV127", "J98SG2S": "1998 SS162", "K99AJ3Z": "2099 AZ193",
    "K08Aa0A": "2008 AA360", "K07Tf8A": "2007 TA418", "PLS2040": "2040 P-L", "T1S3138": "3138 T-1",
    "_QC0000": "2026 CA620", "_QC0aEM": "2026 CZ6190", "CJ95A010": "C/1995 A1", "PJ94P01b": "P/1994 P1-B",
    "0073P": "73P", "0073P      c": "73P-C", "0073P     bc": "73P-BC", "0003I": "3I", "K19V01E": "2019 VE1",
}  # fmt: skip


@pytest.mark.parametrize(("packed", "name"), NAMES.items())
def test_designations_unpack(packed, name):
    assert unpack_designation(packed) == name


@pytest.mark.parametrize("own", ["ZTF0abc", "P10abcd", "A", "", "0073X", "0073Pc", "K19Z01E", "K1901E"])
def test_a_survey_name_stays(own):
    assert unpack_designation(own) == own


@pytest.mark.parametrize(
    ("packed", "day"),
    [("J9611", "1996-01-01"), ("J961A", "1996-01-10"), ("J969U", "1996-09-30"), ("K01AM", "2001-10-22")],
)
def test_dates(packed, day):
    assert unpack_date(packed) == Time(day).mjd


@pytest.mark.parametrize("wrong", ["K20D1", "K2A11", "", "K2051V", "M2051", "K202V"])
def test_a_wrong_date_is_refused(wrong):
    with pytest.raises(ValueError, match="no packed date"):
        unpack_date(wrong)
