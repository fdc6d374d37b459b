"""The catalogue of a survey's candidates as CSV, Parquet, VOTable and FITS with units and UCDs, and their pedigree."""

import json
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import IO

import numpy as np
import pyarrow as pa
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.io.votable.tree import CooSys, TimeSys
from astropy.table import MaskedColumn, Table
from django.http import StreamingHttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from webapp.archive.models import Survey
from webapp.core.csv_writer import csv_parts
from webapp.exports.candidate_rows import COLUMNS, Column, Row, candidate_pages
from webapp.exports.parquet_writer import parquet_parts
from webapp.exports.pedigree_rows import pedigree_pages

MOST_IN_MEMORY = 100_000  # rows of VOTable and FITS, which are written as a whole
CHUNK = 1 << 16
FORMATS = {
    "csv": "CSV",
    "parquet": "Parquet",
    "vot": "VOTable",
    "fits": "FITS",
    "jsonl": _("Pedigree, JSON lines"),
}
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "vot": "application/x-votable+xml",
    "fits": "application/fits",
    "jsonl": "application/x-ndjson",
}
_ARROW = {str: pa.string(), int: pa.int64(), float: pa.float64()}
_NUMPY = {str: "U", int: "int64", float: "float64"}
_FRAMES = {
    f"{how}{name}": frame
    for how in ("", "fitted_")
    for name, frame in (("ra", "icrs"), ("dec", "icrs"), ("mjd", "utc"))
}
_UNKNOWN = {str: "", int: -1, float: float("nan")}


class TooMany(ValueError):
    """The survey has too many candidates for this format."""


def catalogue_response(survey: Survey, suffix: str) -> StreamingHttpResponse:
    """Stream the catalogue, or the pedigree for `jsonl`; raises TooMany. Caches must not store people's verdicts."""
    parts = {"csv": _csv, "parquet": _parquet, "vot": _votable, "fits": _fits, "jsonl": _pedigree}[suffix](survey)
    response = StreamingHttpResponse(parts, content_type=TYPES[suffix])
    name = "pedigree" if suffix == "jsonl" else "candidates"
    response["Content-Disposition"] = f'attachment; filename="{survey.slug}-{name}.{suffix}"'
    response["Cache-Control"] = "no-store"
    return response


def _csv(survey: Survey) -> Iterator[bytes]:
    names = [column.name for column in COLUMNS]
    return csv_parts(names, ([list(row.values()) for row in page] for page in candidate_pages(survey)))


def _parquet(survey: Survey) -> Iterator[bytes]:
    fields = [
        pa.field(each.name, _ARROW[each.kind], metadata={"unit": each.unit, "ucd": each.ucd, "meaning": each.meaning})
        for each in COLUMNS
    ]
    schema = pa.schema(fields)
    return parquet_parts(schema, (pa.Table.from_pylist(page, schema) for page in candidate_pages(survey)))


def _pedigree(survey: Survey) -> Iterator[bytes]:
    for page in pedigree_pages(survey):
        yield "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in page).encode()


def _votable(survey: Survey) -> Iterator[bytes]:
    """Return a VOTable whose positions and times name their frame."""
    document = from_table(_table(survey))
    [resource] = document.resources
    resource.coordinate_systems.append(CooSys(ID="icrs", system="ICRS"))
    time = {"timeorigin": "MJD-origin", "timescale": "UTC", "refposition": "TOPOCENTER"}
    resource.time_systems.append(TimeSys(ID="utc", **time, config={"version_1_4_or_later": True}))
    for field in resource.tables[0].fields:
        field.ref = _FRAMES.get(field.name)
    return _whole(document.to_xml)


def _fits(survey: Survey) -> Iterator[bytes]:
    """Return a binary table, whose text is ASCII: other letters become question marks."""
    table = _table(survey)
    for column in COLUMNS:
        if column.kind is str:
            table.replace_column(column.name, np.char.encode(table[column.name].filled(""), "ascii", "replace"))
    hdu = fits.table_to_hdu(table)
    hdu.name = "CANDIDATES"
    hdu.header["TIMESYS"], hdu.header["RADESYS"] = "UTC", "ICRS"
    for number, column in enumerate(COLUMNS, 1):
        hdu.header[f"TUNIT{number}"] = column.unit
        hdu.header[f"TUCD{number}"] = column.ucd
        hdu.header[f"TCOMM{number}"] = column.meaning
    return _whole(hdu.writeto)


def _table(survey: Survey) -> Table:
    rows = list(islice(chain.from_iterable(candidate_pages(survey)), MOST_IN_MEMORY + 1))
    if len(rows) > MOST_IN_MEMORY:
        message = gettext("VOTable and FITS hold at most %(most)s candidates here. Take CSV or Parquet.")
        raise TooMany(message % {"most": f"{MOST_IN_MEMORY:,}"})
    return Table([_column(column, rows) for column in COLUMNS])


def _column(column: Column, rows: list[Row]) -> MaskedColumn:
    values = [row[column.name] for row in rows]
    unknown = [value is None for value in values]
    filled = [_UNKNOWN[column.kind] if value is None else value for value in values]
    made = MaskedColumn(
        np.array(filled, dtype=_NUMPY[column.kind]),
        name=column.name,
        mask=np.array(unknown, bool),
        unit=column.unit or None,
        description=column.meaning,
        fill_value=_UNKNOWN[column.kind],
    )
    made.meta["ucd"] = column.ucd
    return made


def _whole(write: Callable[[IO[bytes]], object]) -> Iterator[bytes]:
    """Yield a file that has to be written as a whole."""
    with tempfile.TemporaryFile() as file:
        write(file)
        file.seek(0)
        yield from iter(lambda: file.read(CHUNK), b"")
