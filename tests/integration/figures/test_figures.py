"""The discovery figures: points that open their subjects, and what a threshold keeps and costs."""

import csv

import numpy as np
import pytest
from django.core.cache import cache
from django.db.models import F
from django.utils.html import escape

from tests.integration import people
from tests.integration.figures.movers import injected, season
from tests.integration.learning import sky
from webapp.archive.models import MotionFit, Subject
from webapp.archive.stored_rates import fit_stored, start_fit
from webapp.figures import discoveries
from webapp.learning import test_sets
from webapp.learning.models import Score

pytestmark = pytest.mark.django_db
PAGE = "/surveys/night/consensus/night/figures/"
INJECTED = "/surveys/night/consensus/night/injected/"


@pytest.fixture
def workflow():
    return sky.workflow(sky.survey("night", pixel_scale=1.86), kind="tracklet", prior=0.2)


@pytest.fixture
def champion(workflow):
    return sky.checkpoint(workflow, is_champion=True, manifest={"threshold": 0.5})


@pytest.fixture
def scientist(workflow):
    return people.browser(people.member(workflow.survey, "scientist"))


def points(scientist, **query):
    return scientist.get(f"{PAGE}points/", query)


def test_points_have_places_motions_and_known_objects(workflow, champion, scientist):
    rows = season(workflow, champion)
    shown = points(scientist, population="all").json()
    assert len(shown["pk"]) == 18
    at = shown["pk"].index(rows[1].pk)
    assert shown["rate"][at] == pytest.approx(20, abs=0.01)
    assert shown["pa"][at] == pytest.approx(50, abs=0.2)
    assert shown["mag"][at] == pytest.approx(18.15)
    assert (shown["ra"][at], shown["dec"][at]) == (40, -35)
    assert shown["equatorial_x"][at] > 0  # before 180°, so right of the centre
    assert [shown["known"][shown["pk"].index(row.pk)] for row in (rows[0], rows[1], rows[5])] == [True, False, None]


def test_populations_are_movers_candidates_or_all(workflow, champion, scientist):
    rows = season(workflow, champion)
    sky.votes(workflow, rows[4], 0.995, is_retired=True, retired_reason="consensus")
    injected(workflow, champion, n=2)
    assert points(scientist).json()["pk"] == [rows[4].pk]
    expected = {row.pk for row in rows if row.scores.filter(p_real__gte=0.65).exists()}
    assert set(points(scientist, population="candidates", threshold=0.65).json()["pk"]) == expected
    assert len(expected) == 6


def test_more_subjects_than_can_be_drawn_are_sampled_and_the_page_says_so(workflow, champion, scientist, monkeypatch):
    season(workflow, champion)
    monkeypatch.setattr(discoveries, "MOST", 5)
    monkeypatch.setattr("webapp.figures.figure_views.MOST", 5)
    page = scientist.get(PAGE, {"population": "all"})
    assert "A random sample of 5 of 18 subjects." in page.content.decode()
    assert len(downloaded(scientist, page, "subjects")) == 5


def downloaded(scientist, page, name):
    """Return the rows of a figure's CSV, to which the page links."""
    address = page.context["csv"][name]
    assert escape(address) in page.content.decode()
    return list(csv.DictReader(scientist.get(address).getvalue().decode().splitlines()))


def test_each_figure_has_its_points_as_a_table_and_as_csv(workflow, champion, scientist):
    season(workflow, champion)
    injected(workflow, champion)
    real = np.arange(80) % 2 == 0
    rows = sky.subjects(workflow.survey, real, kind="tracklet", prefix="g")
    sky.make_gold(rows, real)
    Score.objects.bulk_create(
        Score(checkpoint=champion, subject=row, probabilities=[1 - p, p], p_real=p, entropy=0.1)
        for row, p in zip(rows, np.linspace(0.01, 0.99, 80), strict=True)
    )
    test_sets.freeze(survey=workflow.survey, kind="tracklet")
    page = scientist.get(PAGE, {"population": "all", "abundance": 0.01})
    plot = page.context["plot"]
    drawn = downloaded(scientist, page, "subjects")
    assert {row["model"] for row in drawn if row["p_real"]} == {str(champion.pk)}
    assert {row["model"] for row in drawn if not row["p_real"]} <= {""}
    assert f"Scores are by the champion, model {champion.pk}." in page.content.decode()
    curve = downloaded(scientist, page, "working_points")
    assert [float(row["purity"]) for row in curve] == plot["curves"]["purity"]
    assert [float(row["per_night"]) for row in curve] == plot["curves"]["per_night"]
    bins = downloaded(scientist, page, "calibration")
    assert [float(row["mean_probability"]) for row in bins] == plot["curves"]["reliability"]["mean"]
    for name in ("mag", "rate"):
        bars = downloaded(scientist, page, name)
        assert [int(row["known_object"]) for row in bars] == plot["histograms"][name]["columns"]["known_object"]
    for finder in ("crowd", "model"):
        cells = downloaded(scientist, page, f"plane_{finder}")
        assert [float(row["low"]) for row in cells] == plot["planes"][finder]["columns"]["low"]
    assert scientist.get(f"{PAGE}other.csv").status_code == 404


def test_without_data_a_figure_has_no_file(workflow, scientist):
    assert scientist.get(f"{PAGE}calibration.csv").status_code == 404
    assert scientist.get(f"{PAGE}plane-crowd.csv").status_code == 404
    assert scientist.get(f"{PAGE}grid-crowd.csv").status_code == 404


@pytest.mark.parametrize("population", ["all", "candidates", "movers"])
def test_a_bar_opens_exactly_its_subjects_in_the_archive(workflow, champion, scientist, population):
    rows = season(workflow, champion)
    for row in rows[:9]:
        Subject.objects.filter(pk=row.pk).update(mag=F("mag") + 0.31 * (row.pk % 5) ** 2)
    sky.votes(workflow, rows[4], 0.995, is_retired=True, retired_reason="consensus")
    sky.votes(workflow, rows[5], 0.995, is_retired=True, retired_reason="consensus")
    Subject.objects.filter(pk=rows[0].pk).update(gold_source="ruling")
    Subject.objects.update(rate=F("pk") * 0.1)  # the survey's word, which the fitted motion overrules
    sky.subjects(workflow.survey, [True], kind="tracklet", prefix="dark")  # without magnitude
    store_fitted_rates(workflow)
    page = scientist.get(PAGE, {"population": population, "threshold": 0.25})
    found = page.context["found"]
    total = 0
    for name in ("mag", "rate"):
        table = page.context["histograms"][name]
        for side, place in (("no_known_object", 2), ("known_object", 3), ("not_compared", 4)):
            for row, address in zip(table.rows, table.addresses[side], strict=True):
                assert bool(address) == bool(row[place])
                if address:
                    assert escape(address) in page.content.decode()
                    assert scientist.get(address).context["total"].n == row[place]
                    total += row[place]
    assert total == sum(np.isfinite(found.columns[name]).sum() for name in ("mag", "rate"))


def test_a_bar_of_given_rates_opens_those_and_one_of_both_kinds_opens_nothing(workflow, champion, scientist):
    sky.subjects(workflow.survey, [True] * 2, kind="tracklet", prefix="single")  # of one detection
    Subject.objects.update(rate=30.0)
    (address,) = filter(None, histogram(scientist, "rate").addresses["not_compared"])
    assert scientist.get(address).context["total"].n == 2
    assert "Rates are as the survey gave them" in page_of_all(scientist)
    season(workflow, champion)
    assert not histogram(scientist, "rate").addresses
    assert "where there are fewer than two, the rate is as the survey gave it" in page_of_all(scientist)
    Subject.objects.filter(external_id__startswith="single").delete()
    cache.clear()
    assert "Rates and angles are fitted to the detections. " in page_of_all(scientist) + " "
    assert histogram(scientist, "mag").addresses


def page_of_all(scientist):
    return " ".join(scientist.get(PAGE, {"population": "all"}).content.decode().split()).replace("</p>", " </p>")


def histogram(scientist, quantity):
    cache.clear()
    return scientist.get(PAGE, {"population": "all"}).context["histograms"][quantity]


def store_fitted_rates(workflow):
    fit_stored(MotionFit.objects.claim(start_fit(workflow.survey).pk))


def test_single_detections_have_no_motions_to_draw(workflow, scientist):
    sky.subjects(workflow.survey, [True] * 2, kind="tracklet")
    page = scientist.get(PAGE, {"population": "all"}).content.decode()
    assert 'data-figure="equatorial"' in page
    assert 'data-figure="motion"' not in page


def test_a_threshold_says_what_it_keeps_and_what_it_costs(workflow, champion, scientist):
    season(workflow, champion)
    real = np.arange(160) % 2 == 0
    rows = sky.subjects(workflow.survey, real, kind="tracklet", prefix="g")
    sky.make_gold(rows, real)
    scores = np.where(real, 0.51, 0.0) + np.linspace(0, 0.48, 160)  # bogus up to .48, real from .51 on
    Score.objects.bulk_create(
        Score(checkpoint=champion, subject=row, probabilities=[1 - p, p], p_real=p, entropy=0.1)
        for row, p in zip(rows, scores, strict=True)
    )
    test_sets.freeze(survey=workflow.survey, kind="tracklet")
    page = scientist.get(PAGE, {"threshold": 0.505, "abundance": 0.01})
    assert "shows the one nearest to the threshold above" in page.content.decode()
    context = page.context
    curves = context["plot"]["curves"]
    tested = context["rows"]
    assert 40 < len(tested.subjects) < 160
    threshold, kept = np.array(curves["threshold"]), np.array(curves["completeness"])
    p, is_real = tested.p_real[0], tested.is_real
    assert kept == pytest.approx([(p[is_real] >= at - 1e-5).mean() for at in threshold], abs=1e-4)
    # The season has three nights, each with p of .9, .3, .7, .1 and .2; the other subjects have no time.
    per_night = [sum(each >= at for each in (0.9, 0.3, 0.7, 0.1, 0.2)) for at in np.floor(threshold * 1000) / 1000]
    assert curves["per_night"] == pytest.approx(per_night)
    assert f'<td class="n">{max(per_night)}</td>' in page.content.decode()
    tpr, fpr = kept, np.array(curves["false_positive_rate"])
    assert np.array(curves["purity"]) == pytest.approx(tpr * 0.01 / (tpr * 0.01 + fpr * 0.99), abs=1e-4)
    assert abs(threshold[context["row"]] - 0.505) == np.abs(threshold - 0.505).min()
    assert sum(curves["reliability"]["n"]) == len(tested.subjects)


def test_the_completeness_plane_is_of_injected_movers(workflow, champion, scientist):
    injected(workflow, champion)
    planes = {name: table.plotted() for name, table in scientist.get(PAGE).context["planes"].items()}
    assert sum(planes["crowd"]["movers"]) == sum(planes["model"]["movers"]) == 24
    assert set(planes["model"]["completeness"]) == {0.0, 1.0}


def test_a_cell_of_the_plane_opens_its_movers(workflow, champion, scientist):
    rows = injected(workflow, champion)
    rows[0].scores.all().delete()
    for finder, seen in (("crowd", 24), ("model", 23)):
        table = scientist.get(PAGE).context["planes"][finder]
        counts = [row[4] for row in table.rows]
        lists = [scientist.get(address) for address in table.addresses["movers"]]
        assert [page.context["total"] for page in lists] == counts
        assert sum(counts) == seen
    brightest = lists[0].context["table"]
    subject = scientist.get(brightest.addresses["subject"][0])
    assert subject.context["subject"].external_id == brightest.rows[0][0]
    everything = scientist.get(INJECTED)
    lines = list(csv.DictReader(scientist.get(everything.context["csv"]).getvalue().decode().splitlines()))
    assert len(lines) == everything.context["total"] == 24
    assert {(line["yes"], line["answers"]) for line in lines} == {("3", "4"), ("0", "4")}
    assert sorted(line["model"] for line in lines) == ["", *[str(champion.pk)] * 23]
    assert f"Scores are by the champion, model {champion.pk}." in everything.content.decode()
    for address in (INJECTED, everything.context["csv"].partition("?")[0]):
        assert scientist.get(address, {"rate_min": "fast"}).status_code == 400
    assert "There are no such movers" in scientist.get(INJECTED, {"rate_min": 1e6}).content.decode()


def test_the_two_way_table_has_the_cells_of_the_plane_and_a_file(workflow, champion, scientist):
    injected(workflow, champion)
    page = scientist.get(PAGE)
    text = page.content.decode()
    grids = {str(title): (table, file) for title, table, file in page.context["grids"]}
    assert list(grids) == [
        "Found by single volunteers", "Found by volunteers (posterior from 0.5 on)",
        "Found by the champion, at the threshold",
    ]  # fmt: skip
    table, file = grids["Found by the champion, at the threshold"]
    plane = page.context["planes"]["model"].plotted()
    cells = [cell for row in table.cells() for cell in row[1:]]
    filled = [cell for cell in cells if cell.address]
    assert len(filled) == len(plane["movers"]) < len(cells) == 36
    assert {cell.text for cell in cells if not cell.address} == {"–"}
    for cell in filled:
        assert cell.text.split("%")[0] in ("0.0", "100.0")
        assert scientist.get(cell.address).context["total"] == int(cell.text.rstrip(")").rpartition("; ")[2])
        assert cell.address.replace("&", "&amp;") in text
    lines = list(csv.reader(scientist.get(file).getvalue().decode().splitlines()))
    assert len(lines) == 1 + 6
    assert lines[0][:2] == ["rate_from", "rate_to"]
    assert sum(int(n) for line in lines[1:] for n in line[3::2]) == sum(plane["movers"]) == 24
    shares = [float(share) for line in lines[1:] for share in line[2::2] if share]
    assert sorted(shares) == sorted(plane["completeness"])
    assert [float(line[0]) for line in lines[1:]] == sorted(float(line[0]) for line in lines[1:])


def test_without_injected_movers_the_list_says_how_to_inject_some(workflow, scientist):
    page = scientist.get(INJECTED).content.decode()
    assert "No movers have been injected" in page
    assert 'href="/surveys/night/training/"' in page
    assert "There are no such movers" not in page


def test_what_is_missing_is_said_in_words(workflow, scientist):
    page = scientist.get(PAGE).content.decode()
    for sentence in ("There is no champion yet", "No mover is settled yet", "No movers with a rate have been injected"):
        assert sentence in page
    sky.checkpoint(workflow, is_champion=True)
    assert "There is no test set yet" in scientist.get(PAGE).content.decode()
    assert scientist.get(PAGE, {"abundance": 0}).status_code == 400
