"""The report page: one self-contained HTML file whose plots can be zoomed, and the same plots as PNG and SVG."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from types import MappingProxyType
from urllib.parse import quote

from ml.evaluation.report.chart import Chart, Columns, Grid, csv_of, shown_rows
from ml.evaluation.report.interactive import bokeh_parts
from ml.evaluation.report.plot import pictures as pictures_of
from ml.io.whole_file import whole_file

Pictures = dict[str, dict[str, bytes]]
PAGE = Path(__file__).with_name("page.html")


@dataclass(frozen=True)
class Heading:
    """The head of the page: a title, a sentence, and the caveats."""

    title: str
    summary: str
    notes: Sequence[str]


def write_page(
    heading: Heading,
    figures: Columns,
    charts: Sequence[Chart | Grid],
    *,
    html: Path | None = None,
    plots: Path | None = None,
) -> None:
    """Write an evaluation report.

    Parameters
    ----------
    heading, figures, charts
        The content; `figures` is the table at the top, by column.
    html
        File of the page, or None. It is self-contained.
    plots
        Folder for PNGs and SVGs, created if missing, or None.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    pictures = {chart.key: pictures_of(chart) for chart in charts}
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
        for key, kinds in pictures.items():
            for kind, picture in kinds.items():
                (plots / f"{key}.{kind}").write_bytes(picture)
    if html is not None:
        with whole_file(html) as partial:
            partial.write_text(_page(heading, figures, charts, pictures), encoding="utf-8")


def _page(heading: Heading, figures: Columns, charts: Sequence[Chart | Grid], pictures: Pictures) -> str:
    scripts, elements = bokeh_parts([chart for chart in charts if isinstance(chart, Chart)])
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        scripts=scripts,
        title=escape(heading.title),
        summary=escape(heading.summary),
        notes=_notes(heading.notes),
        figures=_table(figures, _texts(figures)) + _links("figures", figures),
        charts="\n".join(_section(chart, pictures[chart.key], elements.get(chart.key, "")) for chart in charts),
    )


def _notes(notes: Sequence[str]) -> str:
    paragraphs = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f'<div class="notes" role="note">{paragraphs}</div>' if notes else ""


def _section(chart: Chart | Grid, pictures: dict[str, bytes], element: str) -> str:
    """Return a chart's section, with the element of its interactive plot, or else its picture."""
    image = f'<img src="{_data(pictures["png"], "png")}" alt="{escape(chart.title)}">'
    plot = f'<div role="img" aria-label="{escape(chart.title)}">{element}</div><noscript>{image}</noscript>'
    length = len(next(iter(chart.columns.values())))
    rows = shown_rows(chart.columns, chart.table_rows)
    table = _table(chart.columns, rows, f"{len(rows)} of {length} rows; the CSV has all" if len(rows) < length else "")
    return (
        f'<section aria-labelledby="{chart.key}-title"><h2 id="{chart.key}-title">{escape(chart.title)}</h2>'
        f'<p class="quiet">{escape(chart.note)}</p>{plot if element else image}{table}'
        f"{_links(chart.key, chart.columns, pictures)}</section>"
    )


def _texts(columns: Columns) -> list[list[str]]:
    return [[str(value) for value in row] for row in zip(*columns.values(), strict=True)]


def _table(columns: Columns, rows: list[list[str]], caption: str = "") -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    rows_html = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
    title = f"<caption>{caption}</caption>" if caption else ""
    return (
        '<div class="table" tabindex="0" role="region" aria-label="Numbers">'
        f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{rows_html}</tbody></table></div>"
    )


def _links(key: str, columns: Columns, pictures: Mapping[str, bytes] = MappingProxyType({})) -> str:
    links = f'<a download="{key}.csv" href="data:text/csv;charset=utf-8,{quote(csv_of(columns))}">Numbers (CSV)</a>'
    for kind, picture in pictures.items():
        links += f'<a download="{key}.{kind}" href="{_data(picture, kind)}">Plot ({kind.upper()})</a>'
    return f'<div class="links">{links}</div>'


def _data(picture: bytes, kind: str) -> str:
    media_type = {"png": "image/png", "svg": "image/svg+xml"}[kind]
    return f"data:{media_type};base64,{base64.b64encode(picture).decode()}"
