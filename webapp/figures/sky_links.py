"""A place on the sky in sexagesimal, and links to services that know what is there; the site itself asks nobody."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from astropy.coordinates import Angle

MJD_0 = datetime(1858, 11, 17, tzinfo=UTC)
RADIUS = 5  # arcmin


def sexagesimal(ra: float, dec: float, separator: str = ":", places: int = 2) -> tuple[str, str]:
    """Return RA in hours and Dec with its sign, one decimal less than RA has, from degrees."""
    style = {"sep": separator, "pad": True}
    seconds = round(ra * 240, places) % 86_400  # so that it never says 24 hours
    hours = Angle(seconds / 240, "deg").to_string("hour", precision=places, **style)
    return str(hours), str(Angle(dec, "deg").to_string("deg", precision=places - 1, alwayssign=True, **style))


def links(ra: float, dec: float, mjd: float | None, observatory: str) -> list[tuple[str, str]]:
    """Return names and addresses of services, with the position filled in; those that need it also the time (UTC)."""
    place = f"{ra:.6f} {dec:+.6f}"
    simbad = urlencode({"Coord": place, "Radius": RADIUS, "Radius.unit": "arcmin"})
    found = [
        ("SIMBAD", f"https://simbad.cds.unistra.fr/simbad/sim-coo?{simbad}"),
        ("Aladin", f"https://aladin.cds.unistra.fr/AladinLite/?{urlencode({'target': place, 'fov': 4 * RADIUS / 60})}"),
    ]
    if mjd is None:
        return found
    code = observatory or "500"
    return [*found, ("MPChecker", _mpchecker(ra, dec, mjd, code)), ("JPL", _jpl(ra, dec, mjd, code))]


def _mpchecker(ra: float, dec: float, mjd: float, code: str) -> str:
    hours, degrees = sexagesimal(ra, dec, " ")
    at = MJD_0 + timedelta(days=round(mjd, 3))  # so that no month ends on its 32nd
    day = at.day + (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(days=1)
    asked = {"which": "pos", "ra": hours, "decl": degrees, "radius": RADIUS, "limit": "24.0", "oc": code}
    when = {"year": at.year, "month": f"{at.month:02d}", "day": f"{day:.3f}"}
    shown = {"sort": "d", "mot": "h", "tmot": "s", "pdes": "u", "needed": "f", "ps": "n", "type": "p"}
    return f"https://www.minorplanetcenter.net/cgi-bin/mpcheck.cgi?{urlencode(when | asked | shown)}"


def _jpl(ra: float, dec: float, mjd: float, code: str) -> str:
    hours, degrees = sexagesimal(ra, dec, "-")
    at = MJD_0 + timedelta(days=mjd)
    asked = {
        "mpc-code": code,
        "obs-time": f"{at:%Y-%m-%d_%H:%M:%S}",
        "fov-ra-center": hours,
        "fov-dec-center": ("M" if degrees.startswith("-") else "") + degrees[1:],
        "fov-ra-hwidth": f"{RADIUS / 60:.4f}",
        "fov-dec-hwidth": f"{RADIUS / 60:.4f}",
        "two-pass": "true",
    }
    return f"https://ssd-api.jpl.nasa.gov/sb_ident.api?{urlencode(asked)}"
