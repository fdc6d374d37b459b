"""Validate a manifest record and prepare it for its database rows."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import models

from ml.io.message import Message
from ml.io.records import BadInput, FrameRecord, SubjectRecord
from ml.storage.array_names import array_name
from webapp.archive.models import Frame, Subject

MANIFEST_GOLD = "manifest"


def _most(model: type[models.Model], field: str) -> int:
    """Return the maximum length of a column."""
    return int(getattr(model._meta.get_field(field), "max_length", 0))


_LENGTHS = {name: _most(Subject, name) for name in ("external_id", "object_group")}
_LABEL_LENGTH = _most(Subject, "gold_label")
_BAND_LENGTH = _most(Frame, "band")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_KEYWORD_LENGTH = _most(Frame, "mjd_keyword")


@dataclass(slots=True)
class Candidate:
    """A subject that was read and may be stored.

    Attributes
    ----------
    array
        Name of the pixel array that fits its shape and dtype.
    masked
        Fraction of NaN pixels, by frame.
    gold_label, metadata
        The values of the row: a label that is not gold is hidden metadata, and not used for training.
    """

    record: SubjectRecord
    array: str
    checksum: str
    masked: list[float]
    gold_label: str
    metadata: str
    wcs: list[str | None]
    nbytes: int


def candidate(record: SubjectRecord, classes: list[str]) -> Candidate:
    """Prepare a record for the database.

    Raises BadInput: the database could not store it, or its gold label is not one of the survey's `classes`.
    """
    _check_texts(record)
    gold = gold_label(record, classes)
    hidden = {"#label": record.label} if record.label and not gold else {}
    pixels = record.frames[0].pixels
    shape = (len(record.frames), *pixels.shape)
    return Candidate(
        record=record,
        array=array_name(shape, pixels.dtype),
        checksum=record.checksum(),
        masked=[_masked(frame.pixels) for frame in record.frames],
        gold_label=gold,
        metadata=_json(record.metadata | hidden, Message("its metadata")),
        wcs=[_wcs(frame) for frame in record.frames],
        nbytes=math.prod(shape) * pixels.dtype.itemsize,
    )


def finite(value: float | None) -> float | None:
    """Return the number, or None for a missing, NaN or infinite one."""
    return value if value is not None and math.isfinite(value) else None


def _check_texts(record: SubjectRecord) -> None:
    for name, most in _LENGTHS.items():
        text = getattr(record, name)
        if len(text) > most:
            raise BadInput(
                "`%(name)s` has %(length)s characters; %(most)s are allowed. Shorten it.",
                name=name,
                length=len(text),
                most=most,
            )
        _check_storable(text, f"`{name}`")
    for frame in record.frames:
        if len(frame.band) > _BAND_LENGTH:
            raise BadInput("`band` must be a short text of at most %(most)s characters.", most=_BAND_LENGTH)
        _check_storable(frame.band, "`band`")
        frame.mjd_keyword = frame.mjd_keyword.replace("\0", "")[:_KEYWORD_LENGTH]


def _check_storable(text: str, what: str) -> None:
    if "\0" in text:
        raise BadInput("%(what)s holds a NUL character. Remove it.", what=what)
    if _SURROGATE.search(text):  # JSON can write it, and a file's name that is not UTF-8 has it
        raise BadInput("%(what)s is not text in UTF-8. Save it as UTF-8.", what=what)


def gold_label(record: SubjectRecord, classes: list[str]) -> str:
    """Return the record's gold label, empty for none; raises BadInput if it is not one of the survey's classes."""
    if not record.gold:
        return ""
    if not record.label:
        raise BadInput("`gold` is true, but `label` is empty. Fill in the label, or set gold to false.")
    allowed = [*classes, "yes", "no"]
    if record.label not in allowed:
        raise BadInput(
            "its gold label is “%(label)s”; it must be one of %(labels)s. First add others to the survey’s classes.",
            label=record.label[:_LABEL_LENGTH],
            labels=", ".join(allowed),
        )
    return record.label


def _masked(pixels: np.ndarray) -> float:
    if pixels.dtype.kind != "f":
        return 0.0
    return float(np.count_nonzero(np.isnan(pixels))) / pixels.size


def _wcs(frame: FrameRecord) -> str | None:
    if frame.wcs is None or any(isinstance(value, float) and not math.isfinite(value) for value in frame.wcs.values()):
        return None
    return _json(frame.wcs, Message("its WCS"))


def _json(value: dict[str, Any], what: Message) -> str:
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, TypeError) as error:
        raise BadInput("%(what)s cannot be kept (%(error)s).", what=what, error=error) from error
    if "\\u0000" in text:
        raise BadInput("%(what)s holds a NUL character. Remove it.", what=what)
    return text
