"""What gave a frame its time, in the reader's language: readers store header keywords and notes in English."""

import re

from django.utils.translation import gettext_lazy as _

NOTES = (
    (re.compile(r"(mjd\d*) of the manifest"), _("%(name)s of the manifest")),
    (re.compile(r"\(start; no (\w+)\)"), _("(start; no %(name)s)")),
    (re.compile(r"\(no (\w+)\)"), _("(no %(name)s)")),
    (re.compile(r", (\w+) to UTC"), _(", %(name)s to UTC")),
    (re.compile(r"“(.*)”, which is no date"), _("“%(name)s”, which is no date")),
)


def time_source_in_words(keyword: str) -> str:
    """Translate the notes in a stored source, such as “MJD-OBS (start; no EXPTIME), TAI to UTC”."""
    for note, words in NOTES:
        keyword = note.sub(lambda found, words=words: str(words) % {"name": found[1]}, keyword)  # type: ignore[misc]
    return keyword
