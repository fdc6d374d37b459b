"""Any file that can be brought in, whatever its format."""

from collections.abc import Iterator
from pathlib import Path

from webapp.review.intake.csv_files import read_csv
from webapp.review.intake.label_studio_file import read_label_studio
from webapp.review.intake.record import BadFile, Row
from webapp.review.sentences import EMPTY, NOT_OPENED

PANOPTES, LABEL_STUDIO = "panoptes", "label-studio"
USUAL_SOURCE = {PANOPTES: "zooniverse.org", LABEL_STUDIO: "label-studio"}


def format_of(path: Path) -> str:
    """Tell JSON of Label Studio from CSV by how the file begins; raises BadFile for one that is empty or not there."""
    try:
        with path.open("rb") as file:
            start = file.read(1000).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError as error:
        raise BadFile(NOT_OPENED(file=path.name, error=error.strerror)) from error
    if not start:
        raise BadFile(EMPTY(file=path.name))
    return LABEL_STUDIO if start[:1] in (b"[", b"{") else PANOPTES


def read(path: Path) -> Iterator[Row]:
    """Yield all rows of a file, one item each; raises BadFile as soon as it cannot be read any further."""
    return read_label_studio(path) if format_of(path) == LABEL_STUDIO else read_csv(path)
