"""Turn an alert packet of any survey into a subject."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ml.io.alerts.cutouts import stamp
from ml.io.alerts.filters import galactic_latitude
from ml.io.alerts.light_curve import light_curve
from ml.io.alerts.packet_map import AFTERWARDS, SCIENTISTS_ONLY, PacketMap
from ml.io.message import Message
from ml.io.mjd import DAY, JD_MINUS_MJD
from ml.io.records import BadInput, FrameRecord, SubjectRecord
from ml.io.times import mjd_now, to_utc

ODD = Message("holds a value that cannot be used")
"""The complaint about a packet that `subject` or `facts` cannot make sense of; it must not hold up all behind it."""
KNOWN_OBJECT = AFTERWARDS + "known object"
"""Metadata: the survey's nearest known solar-system object, hidden until the answer."""

_ABOUT = {"objectId", "objectid", "candid", "schemavsn", "publisher"}
_PLAIN = (str, int, float)
_EXACT = 2**53  # integers up to which a browser is exact
_SHOWN = 40  # characters of a value that is none
_POGSON = 2.5 / math.log(10)
_CLOCKS_DIFFER = 1.0  # days


def external_id(packet: Mapping[str, Any], where: PacketMap) -> str:
    """Return the identifier of the detection.

    Raises
    ------
    BadInput
        The packet has none.
    """
    found = where.value(packet, where.external_id)
    if found is None:
        raise BadInput("has no `%(name)s`, which names the detection.", name=where.external_id.replace("|", " or "))
    return str(found)


def subject(packet: Mapping[str, Any], where: PacketMap, source: str, row: int) -> SubjectRecord:
    """Return the subject of a packet: a stamp with a channel for each kind of cutout that the survey sends.

    Raises
    ------
    BadInput
        No identifier, no position, an impossible time, or no usable cutouts.

    Notes
    -----
    The time is the middle of the exposure in UTC. Known solar-system objects group by their name, all others by the
    survey's identifier of the object.
    """
    name = external_id(packet, where)
    frame = _frame(packet, where)
    known, is_match = _known_object(packet, where)
    return SubjectRecord(
        external_id=name,
        kind="stamp",
        frames=[frame],
        object_group=known if is_match else str(where.value(packet, where.object_group) or name),
        ra=frame.ra,
        dec=frame.dec,
        metadata=_metadata(packet, where),
        light_curve=light_curve(packet, where),
        channels=tuple(where.cutouts),
        pixel_scale=where.pixel_scale,
        source=source,
        row=row,
    )


def facts(packet: Mapping[str, Any], where: PacketMap) -> dict[str, Any]:
    """Return what a filter may ask about a packet, without opening its cutouts.

    All of its metadata under the survey's names, and over them `external_id`, `ra`, `dec`, galactic latitude `b` (deg),
    `mjd` (UTC, middle), `band`, `mag` and `snr`.

    Raises
    ------
    BadInput
        See `subject`.
    """
    metadata = {name.lstrip(SCIENTISTS_ONLY + AFTERWARDS): value for name, value in _metadata(packet, where).items()}
    ra, dec = _degrees(packet, where, "ra", 0, 360), _degrees(packet, where, "dec", -90, 90)
    mjd, _ = _mid_exposure(packet, where, where.number(packet, where.exptime))
    mag, snr = photometry(packet, where)
    place = {"ra": ra, "dec": dec, "b": galactic_latitude(ra, dec)}
    known = {"mjd": mjd, "band": band(packet, where), "mag": mag, "snr": snr}
    return metadata | place | known | {"external_id": external_id(packet, where)}


def _frame(packet: Mapping[str, Any], where: PacketMap) -> FrameRecord:
    ra, dec = _degrees(packet, where, "ra", 0, 360), _degrees(packet, where, "dec", -90, 90)
    exptime = where.number(packet, where.exptime)
    mjd, keyword = _mid_exposure(packet, where, exptime)
    pixels, wcs = stamp(packet, where)
    mag, snr = photometry(packet, where)
    return FrameRecord(
        pixels=pixels,
        mjd_mid=mjd,
        mjd_keyword=keyword,
        exptime=exptime or where.exposure,
        band=band(packet, where),
        wcs=wcs,
        ra=ra,
        dec=dec,
        mag=mag,
        snr=snr,
    )


def _degrees(packet: Mapping[str, Any], where: PacketMap, name: str, low: float, high: float) -> float:
    path = getattr(where, name)
    value = where.number(packet, path)
    if value is None or not low <= value <= high:
        raise BadInput(
            "its %(name)s is %(value)s; it must be degrees from %(low)s to %(high)s.",
            name=name,
            value=str(where.value(packet, path))[:_SHOWN],
            low=low,
            high=high,
        )
    return value


def _mid_exposure(packet: Mapping[str, Any], where: PacketMap, exptime: float | None) -> tuple[float | None, str]:
    time = where.number(packet, where.time)
    if time is None:
        return None, ""
    keyword = where.time.split("|")[0].rpartition(".")[2]
    mjd, keyword = to_utc(time - JD_MINUS_MJD if where.is_julian else time, keyword, where.scale)
    if mjd is not None and mjd > mjd_now() + _CLOCKS_DIFFER:
        raise BadInput(
            "its time, MJD %(mjd)s, lies in the future. Check the field `%(name)s` and this machine's clock.",
            mjd=f"{mjd:.3f}",
            name=where.time,
        )
    if mjd is None or not where.is_start:
        return mjd, keyword
    if exptime:
        return mjd + exptime / 2 / DAY, f"{keyword} + exptime/2"
    if where.exposure:
        return mjd + where.exposure / 2 / DAY, f"{keyword} + {where.exposure / 2:g} s (no exptime)"
    return mjd, f"{keyword} (start; no exptime)"


def band(packet: Mapping[str, Any], where: PacketMap) -> str:
    """Return the name of the band; empty if unknown.

    Raises
    ------
    BadInput
        The value is no number and no name.
    """
    value = where.value(packet, where.band)
    if value is None:
        return where.bands.get(None, "")
    if not isinstance(value, str | int | float):
        raise BadInput(
            "`%(name)s` is “%(value)s”; it must be %(meaning)s.",
            name=where.band.rpartition(".")[2],
            value=str(value)[:_SHOWN],
            meaning=Message("a number"),
        )
    return where.bands.get(value, value if isinstance(value, str) else "")


def photometry(packet: Mapping[str, Any], where: PacketMap) -> tuple[float | None, float | None]:
    """Return magnitude and signal-to-noise ratio, None where unknown; a negative flux has no magnitude."""
    flux, error = where.number(packet, where.flux), where.number(packet, where.flux_error)
    mag, mag_error = where.number(packet, where.mag), where.number(packet, where.mag_error)
    if mag is None and flux is not None and flux > 0:
        mag = where.zero_point - 2.5 * math.log10(flux)
    snr = where.number(packet, where.snr)
    if snr is None and flux is not None and error is not None and error > 0:
        snr = flux / error
    return mag, _POGSON / mag_error if snr is None and mag_error is not None and mag_error > 0 else snr


def _known_object(packet: Mapping[str, Any], where: PacketMap) -> tuple[str, bool]:
    """Return the nearest known solar-system object, and whether it is the detected one."""
    name = where.value(packet, where.known_object)
    if not name:
        return "", False
    distance = where.number(packet, where.known_distance)
    is_near = distance is not None and 0 <= distance <= where.known_within
    return str(name), is_near or not where.known_distance


def _metadata(packet: Mapping[str, Any], where: PacketMap) -> dict[str, Any]:
    """Return the packet's plain values, without sentinels; those that would reveal the answer are hidden.

    What stands beside the survey's own records was added by a broker, such as its scores: it is for scientists only.
    """
    found: dict[str, Any] = {}
    if where.facts:
        found = {key if key in _ABOUT else SCIENTISTS_ONLY + key: value for key, value in _plain(packet, where)}
    for record in [where.value(packet, path) for path in where.facts] or [packet]:
        if isinstance(record, Mapping):
            found |= {_hidden(key, where): value for key, value in _plain(record, where)}
    name, _ = _known_object(packet, where)
    if name:
        distance = where.number(packet, where.known_distance)
        found[KNOWN_OBJECT] = name if distance is None else f"{name}, {distance:.1f}″"
    return found


def _plain(record: Mapping[str, Any], where: PacketMap) -> Iterator[tuple[str, str | int | float]]:
    """Yield the values that are neither sentinels nor records: no NaN, and integers beyond 2^53 as text."""
    sentinels = where.sentinels
    for key, value in record.items():
        if not isinstance(value, _PLAIN) or value in sentinels:
            continue
        if isinstance(value, float):
            if math.isfinite(value):
                yield key, value
        elif isinstance(value, int) and abs(value) > _EXACT:
            yield key, str(value)
        else:
            yield key, value


def _hidden(key: str, where: PacketMap) -> str:
    if key in where.hidden or key.startswith(where.hidden_prefixes):
        return SCIENTISTS_ONLY + key
    return AFTERWARDS + key if key in where.afterwards else key
