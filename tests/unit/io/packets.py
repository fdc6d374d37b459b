"""Synthetic alert packets with the surveys' own fields and our own pixels, as Avro files."""

import gzip
import io

import fastavro
import numpy as np
from astropy.io import fits

CHANNELS = ("Difference", "Science", "Template")
KINDS = {bool: "boolean", int: "long", float: "double", str: "string", bytes: "bytes"}
WCS = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 5.0, "CRPIX1": 31.0, "CRPIX2": 31.0}


def image(level, side=61, packed=True, **cards):
    """Return a FITS image of one level."""
    out = io.BytesIO()
    fits.PrimaryHDU(np.full((side, side), level, ">f4"), fits.Header(list(cards.items()))).writeto(out)
    return gzip.compress(out.getvalue()) if packed else out.getvalue()


def ccd(level, side=41, psf_side=41):
    """Return a cutout as Rubin writes them: CCDData with uncertainty, mask and PSF, and a linear WCS."""
    cards = {"CRPIX1": 21.0, "CRPIX2": 21.0, "CRVAL1": 1.04, "CRVAL2": -8.1, "PC1_1": 5.5e-5, "PC2_2": -5.5e-5}
    noise, psf = np.full((side, side), 9, ">f4"), np.ones((psf_side, psf_side), ">f8")
    units = [
        fits.PrimaryHDU(np.full((side, side), level, ">f4"), fits.Header(list(cards.items()))),
        fits.ImageHDU(noise, name="UNCERT"),
        fits.ImageHDU(np.zeros((side, side), "u1"), name="MASK"),
        fits.ImageHDU(psf, name="PSFIMAGE"),
    ]
    out = io.BytesIO()
    fits.HDUList(units).writeto(out)
    return out.getvalue()


def schema_of(value, name="alert"):
    """Return an Avro schema for a value, in which everything may be null."""
    if isinstance(value, dict):
        fields = [{"name": key, "type": schema_of(one, f"{name}_{key}")} for key, one in value.items()]
        return {"type": "record", "name": name, "fields": fields}
    if isinstance(value, list):
        return ["null", {"type": "array", "items": schema_of(value[0], name)}]
    return "null" if value is None else ["null", KINDS[type(value)]]


def write(path, *packets, schema=None, codec="null", sync_interval=16_000):
    """Write packets as an Avro file with the schema of the first."""
    with path.open("wb") as out:
        fastavro.writer(out, schema or schema_of(packets[0]), packets, codec=codec, sync_interval=sync_interval)
    return path


def cutouts(make=image, stamp=lambda data: data, name="cutout{}", channels=CHANNELS):
    return {name.format(channel): stamp(make(level)) for level, channel in enumerate(channels)}


def stamp_data(data):
    return {"fileName": "a.fits", "stampData": data}


LIKE_ZTF = {"jd": 2460381.0, "ra": 262.5, "dec": 7.25, "magpsf": 17.0, "sigmapsf": 0.1085736, "rb": 0.9}
LIKE_ZTF |= {"ssdistnr": 2.25, "ssnamenr": "433", "ssmagnr": 17.5, "xpos": 500.0, "ypos": 500.0}


def ztf(**changes):
    candidate = LIKE_ZTF | {"candid": 1, "fid": 2, "exptime": 30.0} | changes
    return {
        "objectId": "ZTF18a", "candid": 2454460970015010006, "candidate": candidate, "rfscore": 0.7,
        **cutouts(lambda level: image(level, 63), stamp_data),
    }  # fmt: skip


def atlas():
    candidate = {"mjd": 59543.194825, "filter": "o", "RA": 302.1, "Dec": 12.25, "Mag": 18.3, "Dmag": 0.114}
    candidate |= {"flux": 173.78, "Dflux": 17.378, "X": 6335.0, "Y": 4900.0, "rb": 0.0, "Pkn": 900, "Pmv": 50}
    return {
        "schemavsn": "0.1", "publisher": "ATLAS-02a", "objectId": "1200825211121548288",
        "candid": "02a59543o0040o_006230", "candidate": candidate,
        **cutouts(lambda level: image(level, packed=False, **WCS), stamp_data, channels=CHANNELS[:2]),
    }  # fmt: skip


def winter():
    candidate = LIKE_ZTF | {"candid": 3608694, "fid": 2, "exptime": 120.0, "tmobjectid1": "173"}
    return {
        "objectid": "WNTR24awati", "candid": 3608694, "candidate": candidate,
        **cutouts(lambda level: image(level, 81), name="cutout_{}", channels=[name.lower() for name in CHANNELS]),
    }  # fmt: skip


def pgir():
    candidate = LIKE_ZTF | {"stackquadid": 3002253, "exptime": 71.25, "ssdistnr": -99.0, "ssnamenr": "NONE"}
    return {"objectId": "PGIR19aacbvv", "candid": 114297926, "candidate": candidate, **cutouts()}


def turbo():
    candidate = LIKE_ZTF | {"fid": 1, "tmobjectid1": "x", "programid": 1}
    return {"objectId": "TRB20", "candid": 8, "candidate": candidate, **cutouts()}


def decam():
    candidate = {"mjd": 60600.0, "forcediffimflux": 1.375, "forcediffimmag": 23.55, "forcediffimmagunc": 0.2}
    candidate |= {"band": "g", "ra": 210.5, "dec": 15.5, "psfFlux": 1375.0, "psfFluxErr": 275.0, "reliability": 0.9}
    return {"objectId": "c4d_1", "candid": 65346, "candidate": candidate, **cutouts()}


def rubin(**changes):
    source = {"diaSourceId": 170595940828184636, "diaObjectId": 0, "ssObjectId": 21164719561062738, "snr": 15.5}
    source |= {"midpointMjdTai": 60902.5, "ra": 1.04, "dec": -8.1, "band": "z", "psfFlux": 3630.78, "psfFluxErr": 806.3}
    source |= {"reliability": 0.99}
    solar = {"designation": "2013 GR59", "ephOffset": 0.138}
    return {"diaSourceId": 170595940828184636, "diaSource": source | changes, "ssSource": solar, **cutouts(ccd)}


def rubin_4():
    """Return a packet of schema 4: older names, no science cutout."""
    source = {"diaSourceId": 7, "diaObjectId": 12, "ssObjectId": 0, "midPointTai": 59583.0, "ra": 157.3}
    source |= {"decl": -23.6, "filterName": "r", "psFlux": 98.15, "psFluxErr": 19.63}
    return {"alertId": 1, "diaSource": source, **cutouts(ccd, channels=("Difference", "Template"))}


def alerce():
    fields = {"aid": "AL1", "oid": "ZTF18a", "sid": "ZTF", "candid": "245", "mjd": 60380.5, "fid": "g", "ra": 1.0}
    fields |= {"dec": 2.0, "mag": 18.0, "e_mag": 0.1, "extra_fields": {"rb": 0.5, "ssdistnr": 1.0, "ssnamenr": "433"}}
    return fields | {"stamps": cutouts(name="{}", channels=[name.lower() for name in CHANNELS])}
