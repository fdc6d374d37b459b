"""The points behind each figure of the Figures page, by the figure's name."""

from collections.abc import Callable

import numpy as np
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from webapp.core.figure_table import Column, FigureTable, count, fixed
from webapp.core.percent import percent
from webapp.figures.cell_links import bar_address, cell_query, ends_of
from webapp.figures.completeness_grid import filled_plane, grid_file
from webapp.figures.discoveries import COLUMNS, Discoveries, discoveries
from webapp.figures.night_views import TITLES
from webapp.figures.page_options import PageOptions
from webapp.figures.synthetic_completeness import FINDERS, Movers, movers_of
from webapp.figures.working_point import WorkingPoints, unseen_test_subjects, working_points

POINT_COLUMNS = (
    "threshold", "completeness", "low", "high", "false_positive_rate", "precision", "purity", "per_night",
)  # fmt: skip
INTERVAL = (Column("low", _("95% from"), percent), Column("high", _("95% to"), percent))
PLANES = ("crowd", "model")


def discoveries_of(asked: PageOptions) -> Discoveries:
    return discoveries(asked.workflow, asked.population, asked.champion, asked.threshold)


def curves_of(asked: PageOptions) -> WorkingPoints | None:
    """Return the champion's curves on its test set; None without a champion or enough of a test set."""
    rows = unseen_test_subjects(asked.champion) if asked.champion else None
    if not asked.champion or not rows or not rows.is_enough:
        return None
    return working_points(asked.workflow, asked.champion, rows, asked.values["abundance"])


def curve_table(curves: WorkingPoints) -> FigureTable:
    """Return the points of ROC, precision and purity."""
    columns = curves.plotted()
    unknown = [None] * len(curves.threshold)
    rows = list(zip(*(columns[name] or unknown for name in POINT_COLUMNS), strict=True))
    return FigureTable([Column(name, name) for name in POINT_COLUMNS], rows)


def calibration_table(curves: WorkingPoints) -> FigureTable:
    """Return the filled bins of the reliability diagram."""
    columns = (
        Column("mean_probability", _("Mean probability"), fixed(3)),
        Column("subjects", _("Subjects"), count),
        Column("fraction_real", _("Fraction of real"), percent),
        *INTERVAL,
    )
    return FigureTable(columns, [(mean, int(n), *fractions) for mean, n, *fractions in curves.bins])


def histogram_table(asked: PageOptions, found: Discoveries, quantity: str) -> FigureTable:
    """Return the bars of a histogram; a number leads to its subjects in the archive, where one filter finds them."""
    columns = (
        Column(f"{quantity}_from", _("From"), fixed(2)),
        Column(f"{quantity}_to", _("To"), fixed(2)),
        Column("no_known_object", _("No known object nearby"), count),
        Column("known_object", _("Known object nearby"), count),
        Column("not_compared", _("Not compared"), count),
    )
    bins = found.histogram(quantity)
    if not (name := found.filters[quantity]):
        return FigureTable(columns, bins)

    def addresses(place: int, known: str) -> list[str]:
        return [
            bar_address(asked, name, (*each[:2], each is bins[-1]), known=known) if each[place] else "" for each in bins
        ]

    listed = (addresses(2, "none"), addresses(3, "near"), addresses(4, "open"))
    return FigureTable(columns, bins, dict(zip((each.name for each in columns[2:]), listed, strict=True)))


def plane_table(asked: PageOptions, movers: Movers, finder: str) -> FigureTable | None:
    """Return the filled cells of a completeness plane, each with its list of movers; None without any."""
    bins = filled_plane(movers, finder)
    if bins is None:
        return None
    name = movers.brightness
    columns = (
        Column(f"{name}_from", TITLES[name], fixed(1)),
        Column(f"{name}_to", _("To"), fixed(1)),
        Column("rate_from", _("Rate, ″/h"), fixed(1)),
        Column("rate_to", _("To"), fixed(1)),
        Column("movers", _("Movers"), count),
        Column("completeness", _("Found"), percent),
        *INTERVAL,
    )
    page = reverse("injected-movers", args=[asked.workflow.survey.slug, asked.workflow.slug])
    x, y = map(ends_of, bins.edges)
    filled = np.argwhere(bins.n > 0).tolist()
    addresses = [f"{page}?{cell_query(asked, name, finder, x[i], y[j])}" for i, j in filled]
    low, high = bins.interval
    found = [(int(bins.n[i, j]), *(float(each[i, j]) for each in (bins.proportion, low, high))) for i, j in filled]
    rows = [(*x[i][:2], *y[j][:2], *each) for (i, j), each in zip(filled, found, strict=True)]
    return FigureTable(columns, rows, {"movers": addresses})


def subject_table(found: Discoveries) -> FigureTable:
    """Return the subjects that are drawn on the sky and by rate and position angle."""
    columns = [[None if np.isnan(v) else v for v in found.columns[name].tolist()] for name in COLUMNS]
    names = ("subject", "known_object", *COLUMNS)
    return FigureTable(
        [Column(name, name) for name in names], list(zip(found.names, found.known, *columns, strict=True))
    )


def _of_curves(asked: PageOptions, table: Callable[[WorkingPoints], FigureTable]) -> FigureTable | None:
    curves = curves_of(asked)
    return table(curves) if curves else None


def _grid(finder: str) -> Callable[[PageOptions], FigureTable | None]:
    return lambda asked: grid_file(movers_of(asked), finder)


def _plane(finder: str) -> Callable[[PageOptions], FigureTable | None]:
    return lambda asked: plane_table(asked, movers_of(asked), finder)


TABLES: dict[str, Callable[[PageOptions], FigureTable | None]] = {
    "working-points": lambda asked: _of_curves(asked, curve_table),
    "calibration": lambda asked: _of_curves(asked, calibration_table),
    "subjects": lambda asked: asked.with_model(subject_table(discoveries_of(asked))),
    "mag": lambda asked: histogram_table(asked, discoveries_of(asked), "mag"),
    "rate": lambda asked: histogram_table(asked, discoveries_of(asked), "rate"),
    **{f"plane-{finder}": _plane(finder) for finder in PLANES},
    **{f"grid-{finder}": _grid(finder) for finder in FINDERS},
}


def table_of(asked: PageOptions, name: str) -> FigureTable:
    """Return a figure's points; `Http404` if there is no such figure, or nothing to draw."""
    table = TABLES[name](asked) if name in TABLES else None
    if table is None:
        raise Http404(name)
    return table
