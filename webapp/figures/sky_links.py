"""A place on the sky in sexagesimal, and links to services that know what is there; the site itself asks nobody."""

from datetime import timedelta
from urllib.parse import urlencode

from astropy.coordinates import Angle

from ml.io.mjd import JD_MINUS_MJD, utc_of

RADIUS = 5  # arcmin
JPL = "https://ssd.jpl.nasa.gov/tools/sb_ident.html#/"
"""A form to fill in: JPL takes a position by address only where programs ask."""


def shown_ra(ra: float) -> float:
    """Return an RA, degrees, as six decimals show it: never 360."""
    return round(ra, 6) % 360


def sexagesimal(ra: float, dec: float, separator: str = ":", places: int = 2) -> tuple[str, str]:
    """Return RA in hours and Dec with its sign, one decimal less than RA has, from degrees."""
    style = {"sep": separator, "pad": True}
    seconds = round(ra * 240, places) % 86_400  # so that it never says 24 hours
    hours = Angle(seconds / 240, "deg").to_string("hour", precision=places, **style)
    return str(hours), str(Angle(dec, "deg").to_string("deg", precision=places - 1, alwayssign=True, **style))


def links(ra: float, dec: float, mjd: float | None, observatory: str) -> list[tuple[str, str]]:
    """Return names and addresses of pages that tell people what is there; all but JPL's have the position filled in.

    Those that look for moving bodies, which they do at a time (UTC), are left out if it is unknown.
    """
    ra = shown_ra(ra)
    place = f"{ra:.6f} {dec:+.6f}"
    simbad = urlencode({"Coord": place, "Radius": RADIUS, "Radius.unit": "arcmin"})
    found = [
        ("SIMBAD", f"https://simbad.cds.unistra.fr/simbad/sim-coo?{simbad}"),
        ("Aladin", f"https://aladin.cds.unistra.fr/AladinLite/?{urlencode({'target': place, 'fov': 4 * RADIUS / 60})}"),
    ]
    if mjd is None:
        return found
    code = observatory or "500"
    return [
        *found,
        ("MPChecker", _mpchecker(ra, dec, mjd, code)),
        ("SkyBoT", _skybot(ra, dec, mjd, code)),
        ("JPL", JPL),
    ]


def _mpchecker(ra: float, dec: float, mjd: float, code: str) -> str:
    hours, degrees = sexagesimal(ra, dec, " ")
    at = utc_of(round(mjd, 3))  # so that no month ends on its 32nd
    day = at.day + (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(days=1)
    asked = {"which": "pos", "ra": hours, "decl": degrees, "radius": RADIUS, "limit": "24.0", "oc": code}
    when = {"year": at.year, "month": f"{at.month:02d}", "day": f"{day:.3f}"}
    shown = {"sort": "d", "mot": "h", "tmot": "s", "pdes": "u", "needed": "f", "ps": "n", "type": "p"}
    return f"https://www.minorplanetcenter.net/cgi-bin/mpcheck.cgi?{urlencode(when | asked | shown)}"


def _skybot(ra: float, dec: float, mjd: float, code: str) -> str:
    asked = {
        "-ep": f"{mjd + JD_MINUS_MJD:.6f}",
        "-ra": f"{ra:.6f}",
        "-dec": f"{dec:.6f}",
        "-rd": f"{RADIUS / 60:.4f}",
        "-loc": code,
        "-mime": "html",
        "-output": "basic",
        "-filter": "0",
        "-from": "Wanderers",
    }
    return f"https://ssp.imcce.fr/webservices/skybot/api/conesearch.php?{urlencode(asked)}"
