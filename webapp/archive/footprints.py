"""MOCs in the archive search: as text, or uploaded once and then named."""

import re

import numpy as np
from django.core.files.uploadedfile import UploadedFile
from django.db.models import BooleanField, Func, Q, Value
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from ml.sky.moc import BadMoc, Ranges, read_moc, sky_fraction
from webapp.archive.models import Footprint, Survey
from webapp.archive.models.subject import HEALPIX
from webapp.core.stored_messages import in_words

LARGEST = 2**20  # bytes
MOST = 50
"""Footprints kept for a survey; the oldest go first."""
WIDE = 0.02
"""Part of the sky from which subjects are compared with the MOC one by one: a page is then soon full."""
WITHIN = """
    SELECT placed.id FROM unnest(%s::bigint[], %s::bigint[]) AS cells (low, high) CROSS JOIN LATERAL (
        SELECT id FROM archive_subject WHERE healpix29(ra, "dec") >= low AND healpix29(ra, "dec") < high OFFSET 0
    ) AS placed
"""
"""The subjects in ranges of cells. OFFSET keeps the planner from joining the ranges otherwise than by the index."""


def in_moc(ranges: Ranges) -> Q:
    """Return a filter on subjects within ranges of cells of order 29."""
    if sky_fraction(ranges) < WIDE:
        placed = RawSQL(WITHIN, [ranges[:, 0].tolist(), ranges[:, 1].tolist()])  # noqa: S611 - parameters only
        return Q(
            Func("pk", placed, template="%(expressions)s)", arg_joiner=" = ANY (ARRAY", output_field=BooleanField())
        )
    text = ",".join(f"[{low},{high})" for low, high in ranges.tolist())
    cells = Func(Value(f"{{{text}}}"), template="%(expressions)s::int8multirange")
    is_inside = Func(HEALPIX, cells, template="%(expressions)s", arg_joiner=" <@ ", output_field=BooleanField())
    return Q(is_inside)


def read_moc_filter(text: str) -> Q:
    """Return the filter of a MOC as ASCII or JSON; raises ValueError as `read_moc_content`."""
    return in_moc(read_moc_content(text.encode()))


def read_region(survey: Survey, text: str) -> Q:
    """Return the filter of a MOC's text, or of an uploaded one by its name; raises ValueError as `read_moc_filter`."""
    if re.match(r"\s*(s?\d+/|\{)", text):
        return read_moc_filter(text)
    stored = Footprint.objects.filter(survey=survey, name=text.strip()).first()
    if stored is None:
        raise ValueError(_("No uploaded MOC is called “%(name)s”.") % {"name": text})
    return in_moc(np.column_stack([stored.lows, stored.highs]))


def store_footprint(survey: Survey, file: UploadedFile) -> Footprint:
    """Store a MOC under its file's name, in place of an earlier one; raises ValueError as `read_moc_upload`."""
    ranges = read_moc_upload(file)
    name = re.sub(r"[^\w.-]+", "-", file.name or "")[-60:] or "moc"
    values = {"lows": ranges[:, 0].tolist(), "highs": ranges[:, 1].tolist()}
    row, _is_new = Footprint.objects.update_or_create(survey=survey, name=name, defaults=values)
    kept = Footprint.objects.filter(survey=survey)[:MOST].values("pk")
    Footprint.objects.filter(survey=survey).exclude(pk__in=kept).delete()
    return row


def read_moc_upload(file: UploadedFile) -> Ranges:
    """Return the ranges of a file; raises ValueError as `read_moc_content`."""
    _check_size(file.size or 0)
    return read_moc_content(file.read())


def read_moc_content(content: bytes) -> Ranges:
    """Return the ranges of a MOC as FITS, ASCII or JSON.

    Raises ValueError: it is none, or too large, with a sentence in the page's language.
    """
    _check_size(len(content))
    try:
        return read_moc(content)
    except BadMoc as error:
        raise ValueError(in_words(error.args[0])) from error


def _check_size(size: int) -> None:
    if size > LARGEST:
        text = _("A MOC has at most %(most)s MB here. Degrade it to a lower order.")
        raise ValueError(text % {"most": LARGEST >> 20})
