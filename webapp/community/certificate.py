"""A volunteer's certificate as PDF; imported only where one is drawn, since its library is slow to load."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from pymupdf_fonts import myfont

from webapp.community.activity import LONGEST, Effort, effort_in_words

FACES = {"": "notos", "B": "notosbo"}
INK, QUIET, LINE = (22, 25, 29), (86, 93, 102), (36, 70, 176)


@dataclass(frozen=True)
class Certificate:
    """Name, activity, period, site, and date of issue."""

    name: str
    effort: Effort
    since: date
    until: date
    site: str
    issued: date


def to_pdf(certificate: Certificate) -> bytes:
    """Draw the certificate on one A4 page, in the active language."""
    page = FPDF(orientation="landscape", format="A4")
    page.set_title(_("Certificate of participation"))
    for style, path in _faces().items():
        page.add_font("site", style, path)
    page.set_auto_page_break(False)
    page.add_page()
    _frame(page)
    _text(page, certificate)
    return bytes(page.output())


def _frame(page: FPDF) -> None:
    page.set_draw_color(*LINE)
    page.set_line_width(0.8)
    page.rect(12, 12, page.w - 24, page.h - 24, round_corners=True, corner_radius=4)
    page.line(page.w / 2 - 9, 41, page.w / 2 + 3, 29)
    page.set_fill_color(*LINE)
    page.ellipse(page.w / 2 + 2.5, 21.5, 8, 8, style="F")


def _text(page: FPDF, certificate: Certificate) -> None:
    effort = certificate.effort
    answers = ngettext("%(n)s image", "%(n)s images", effort.answers) % {"n": f"{effort.answers:,}".replace(",", " ")}
    page.set_y(56)
    _line(page, _("Certificate of participation"), 26, "B", 16)
    _line(page, certificate.name, 20, "B", 14, LINE)
    _line(page, _("searched for moving worlds with Wanderers and classified"), 13, "", 10)
    _line(
        page, _("%(pictures)s in %(time)s") % {"pictures": answers, "time": effort_in_words(effort.spent)}, 20, "B", 14
    )
    _line(page, _period(certificate.since, certificate.until), 13, "", 16)
    page.set_y(-52)
    _line(page, _what_counts(), 9, "", 5, QUIET)
    facts = {"site": certificate.site, "day": certificate.issued}
    page.set_y(-30)
    _line(page, _("%(site)s, %(day)s") % facts, 10, "", 6, QUIET)


def _period(since: date, until: date) -> str:
    if since == until:
        return _("on %(day)s (UTC).") % {"day": since}
    return _("from %(since)s to %(until)s (UTC).") % {"since": since, "until": until}


def _what_counts() -> str:
    return _(
        "Includes classifications that were not undone. Time runs from each image's appearance to its "
        "answer, up to %(minutes)d minutes each. Classifications without times count only as images."
    ) % {"minutes": LONGEST.total_seconds() // 60}


def _line(page: FPDF, text: str, size: int, style: str, height: int, colour: tuple[int, int, int] = INK) -> None:
    page.set_font("site", style, size)
    page.set_text_color(*colour)
    page.set_x(30)
    page.multi_cell(page.w - 60, height, text, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


@cache
def _faces() -> dict[str, Path]:
    """Extract the fonts, which come inside Python modules, to files for the PDF; once per process."""
    folder = Path(mkdtemp(prefix="wanderers-fonts-"))
    paths = {style: folder / f"{name}.ttf" for style, name in FACES.items()}
    for style, name in FACES.items():
        paths[style].write_bytes(myfont(name))
    return paths
