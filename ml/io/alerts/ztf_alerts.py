"""Alert packets of the Zwicky Transient Facility (ZTF), as distributed by its brokers and archive.

Masci et al. 2019, PASP 131, 018003; the packet's own schema at https://zwickytransientfacility.github.io.
"""

import io
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import fastavro
import numpy as np

from ml.io.alerts.avro_bounds import check_block, check_schema
from ml.io.fits.image import FitsPicture
from ml.io.limits import DEFLATE_MOST, MAX_BYTES, MAX_PACKET_BYTES, decoding, size_in_words
from ml.io.manifest import Skip
from ml.io.message import Message
from ml.io.records import BadInput, FrameRecord, SubjectRecord

SUFFIX = ".avro"
NOT_WHOLE = Message("is not a whole Avro file")
SIDE = 63
"""Nominal side of ZTF's stamps in pixels, with the source in the centre."""

_CHANNELS = ("Difference", "Science", "Template")
_BANDS: dict[float, str] = {1: "g", 2: "r", 3: "i"}
_EXPOSURE = 30.0
_SHOWN = 40  # characters of a value that is none
_AXIS = 3072.0, 3080.0  # pixels of a readout quadrant along x and y
_SENTINELS = (-999, -999.0, "null", "")
_HIDDEN = {"rb", "drb", "rbversion", "drbversion", "classtar", "ssdistnr", "ssmagnr", "ssnamenr"}
_TELLING = 5.0  # arcsec: a known object this near is the detected one


def read_packets(path: Path, skip: Skip | None = None) -> Iterator[SubjectRecord | BadInput]:
    """Read every ZTF alert packet of an Avro file as a stamp of three channels: difference, science, template.

    Parameters
    ----------
    path
        The file. One packet or many.
    skip
        Packets whose ``candid`` makes this true are skipped.

    Yields
    ------
    SubjectRecord or BadInput
        ``external_id`` is the ``candid``, ``object_group`` the known solar-system object within 5 arcsec or else the
        ``objectId``. All of the candidate's values go to the metadata; those that would reveal the answer (the survey's
        own scores and the match with known objects) are hidden by ``#``.

    Notes
    -----
    ``jd`` is the start of the exposure, so half the exposure is added. The sentinels -999 and ``null`` are left out.
    Clipped stamps at the edge of the chip are padded with NaN to 63×63.
    """
    row = 0
    try:
        for row, packet in enumerate(_packets(path), start=1):
            record = _guarded(packet, path.name, row, skip)
            if record is not None:
                yield record
    except BadInput as bad:
        yield bad.at(file=path.name, row=row + 1 if row else None)


def _guarded(packet: Any, source: str, row: int, skip: Skip | None) -> SubjectRecord | BadInput | None:
    try:
        return _subject(packet, source, row, skip)
    except BadInput as bad:
        return bad.at(file=source, row=row)


def _packets(path: Path) -> Iterator[Any]:
    size = path.stat().st_size
    if size > MAX_PACKET_BYTES:
        raise BadInput(
            "is %(size)s; packets come in files of %(most)s at most.",
            size=size_in_words(size),
            most=size_in_words(MAX_PACKET_BYTES),
        )
    with decoding(NOT_WHOLE):
        blocks = fastavro.block_reader(io.BytesIO(path.read_bytes()))
    codec = blocks.codec
    if codec != "null" and (codec != "deflate" or size * DEFLATE_MOST > MAX_BYTES):
        raise BadInput(
            "is packed with %(codec)s, which could unpack to any size. Write it with the codec null.", codec=codec
        )
    check_schema(blocks.writer_schema)
    for block in _each(blocks):
        check_block(block.bytes_.getbuffer().nbytes)
        yield from _each(block)


def _each(items: Iterable[Any]) -> Iterator[Any]:
    steps = iter(items)
    while True:
        with decoding(NOT_WHOLE):
            item = next(steps, None)
        if item is None:
            return
        yield item


def _subject(packet: Any, source: str, row: int, skip: Skip | None) -> SubjectRecord | None:
    candidate = packet.get("candidate") if isinstance(packet, dict) else None
    if not isinstance(candidate, dict) or "candid" not in packet or "objectId" not in packet:
        raise BadInput("is not a ZTF alert packet: it has no candid, objectId or candidate.")
    external_id = str(packet["candid"])
    if skip is not None and skip(external_id):
        return None
    known = {key: None if value in _SENTINELS else value for key, value in candidate.items()}
    frame = _frame(packet, known)
    return SubjectRecord(
        external_id=external_id,
        kind="stamp",
        frames=[frame],
        object_group=_object(packet, known),
        ra=frame.ra,
        dec=frame.dec,
        metadata=_metadata(packet, known),
        source=source,
        row=row,
    )


def _frame(packet: dict[str, Any], known: dict[str, Any]) -> FrameRecord:
    planes = [_stamp(packet, channel, known) for channel in _CHANNELS]
    if np.isnan(planes).all():
        raise BadInput("every pixel of its stamps is NaN: there is nothing to see.")
    mjd, keyword = _mid_exposure(known)
    return FrameRecord(
        pixels=np.stack(planes),
        mjd_mid=mjd,
        mjd_keyword=keyword,
        exptime=_number(known.get("exptime")) or _EXPOSURE,
        band=_band(known),
        ra=_coordinate(known, "ra", 0, 360),
        dec=_coordinate(known, "dec", -90, 90),
        mag=_number(known.get("magpsf")),
        snr=_snr(known),
    )


def _band(known: dict[str, Any]) -> str:
    fid = known.get("fid")
    if not isinstance(fid, int | float | None):
        raise BadInput(
            "`%(name)s` is “%(value)s”; it must be %(meaning)s.",
            name="fid",
            value=str(fid)[:_SHOWN],
            meaning=Message("a number"),
        )
    return _BANDS.get(fid or 0, "")


def _mid_exposure(known: dict[str, Any]) -> tuple[float | None, str]:
    start, exposure = _number(known.get("jd")), _number(known.get("exptime"))
    if start is None:
        return None, ""
    keyword = "jd + exptime/2" if exposure else "jd + 15 s (no exptime in the packet; ZTF exposes for 30 s)"
    return start - 2400000.5 + (exposure or _EXPOSURE) / 2 / 86400, keyword


def _stamp(packet: dict[str, Any], channel: str, known: dict[str, Any]) -> np.ndarray:
    cutout = packet.get(f"cutout{channel}")
    data = cutout.get("stampData") if isinstance(cutout, dict) else None
    if not isinstance(data, bytes) or not data:
        raise BadInput("has no %(channel)s stamp. Ask for packets with their cut-outs.", channel=channel.lower())
    try:
        pixels = FitsPicture(data).take(None).astype(np.float32, copy=False)
    except BadInput as bad:
        raise BadInput("its %(channel)s stamp %(problem)s", channel=channel.lower(), problem=bad.reason) from bad
    if pixels.ndim != 2 or max(pixels.shape) > SIDE:
        raise BadInput(
            "its %(channel)s stamp has shape %(shape)s; ZTF's are %(side)s×%(side)s or clipped from it.",
            channel=channel.lower(),
            shape=pixels.shape,
            side=SIDE,
        )
    return _padded(pixels, known)


def _padded(pixels: np.ndarray, known: dict[str, Any]) -> np.ndarray:
    """Pad a clipped stamp with NaN on the side where the source is closer to the edge of the quadrant."""
    missing = SIDE - np.array(pixels.shape)
    if not missing.any():
        return pixels
    place = [_number(known.get(name)) for name in ("ypos", "xpos")]
    below = [
        lost if at is not None and at < length / 2 else 0
        for lost, at, length in zip(missing, place, _AXIS[::-1], strict=True)
    ]
    return np.pad(pixels, [(low, lost - low) for low, lost in zip(below, missing, strict=True)], constant_values=np.nan)


def _object(packet: dict[str, Any], known: dict[str, Any]) -> str:
    distance, name = _number(known.get("ssdistnr")), known.get("ssnamenr")
    near = distance is not None and 0 <= distance <= _TELLING
    return str(name) if near and name else str(packet["objectId"])


def _metadata(packet: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    fields = {"objectId": packet["objectId"], "schemavsn": packet.get("schemavsn")} | known
    safe = {key: _json_safe(value) for key, value in fields.items()}
    return {f"#{key}" if key in _HIDDEN else key: value for key, value in safe.items() if value is not None}


def _json_safe(value: Any) -> str | int | float | None:
    """Make values safe for JSON and browsers: no NaN, and integers beyond 2^53 as text."""
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float) else None


def _coordinate(known: dict[str, Any], name: str, low: float, high: float) -> float:
    value = _number(known.get(name))
    if value is None or not low <= value <= high:
        raise BadInput(
            "its %(name)s is %(value)s; it must be degrees from %(low)s to %(high)s.",
            name=name,
            value=known.get(name),
            low=low,
            high=high,
        )
    return value


def _snr(known: dict[str, Any]) -> float | None:
    """Return flux over its error, from the error of the magnitude: 1.0857 / sigma."""
    sigma = _number(known.get("sigmapsf"))
    return 2.5 / math.log(10) / sigma if sigma else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
