"""The legend of a chart in a browser: it stands outside of the plot, so that it covers no point, on a phone too."""

import pytest

from tests.acceptance.people import member
from tests.integration.figures.movers import tracklet
from tests.integration.learning import sky
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue
from webapp.learning.models import Evaluation, Score, TrainingRun, TrainingSet
from webapp.learning.models import TestSet as FrozenSet

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OVERLAPS = """() => {
  const views = [...Bokeh.index.roots].filter(({ model }) => model.type === "Figure");
  return views.flatMap((view) => [...view.model.references()].filter((each) => each.type === "Legend" && each.visible)
    .map((legend) => {
      const { top, bottom, left, right } = view.views.find_one(legend).bbox;
      const frame = view.frame.bbox;
      const covers = top < frame.bottom && bottom > frame.top && left < frame.right && right > frame.left;
      const { width, height } = view.bbox;
      return { names: legend.items.map(({ label }) => label.value), size: [right - left, bottom - top], covers,
        is_inside: left >= 0 && top >= 0 && right <= width && bottom <= height };
    }));
}"""
DRAWN = """(least) => {
  const views = [...Bokeh.index.roots].filter(({ model }) => model.type === "Figure");
  return views.length >= least && views.every(({ frame }) => frame.bbox.width > 0);
}"""


@pytest.fixture
def night(db):
    """A survey with a tracklet near a known object."""
    survey = sky.survey("night", pixel_scale=1.86)
    row = tracklet(survey)
    near = {"separation": 5, "along": 3, "across": 4, "orbit_error": 2, "rate": 60, "position_angle": 90}
    near |= {"sigma_along": 2.1, "sigma_across": 0.5}
    KnownMatch.objects.create(subject=row, designation="2010 AB1", detections=4, **near)
    return survey, row


@pytest.mark.parametrize("width", [1440, 390])
def test_no_legend_covers_the_plot_or_is_cut_off(night, open_page, width):
    survey, row = night
    page = open_page(f"/surveys/night/subjects/{row.pk}/motion/", user=member(survey, "scientist"), width=width)
    page.wait_for_function(DRAWN, arg=3)
    [legend] = page.evaluate(OVERLAPS)
    assert set(legend["names"]) == {"uniform motion", "detections", "predicted", "1σ error ellipse"}
    assert min(legend["size"]) > 5
    assert legend["is_inside"], "no name is cut off"
    assert not legend["covers"]


@pytest.mark.parametrize("width", [1440, 390])
def test_long_names_of_populations_stay_within_each_figure(night, open_page, width):
    survey, row = night
    sky.workflow(survey, kind="tracklet")
    catalogue = OrbitCatalogue.objects.create(checksum="0", asteroids="MPCORB.DAT", orbits=1, epoch=61000.0)
    for subject, candidates in ((row, 1), (tracklet(survey, angle=90.0), 0), (tracklet(survey, angle=10.0), None)):
        if candidates is not None:
            IdentityCheck.objects.create(subject=subject, catalogue=catalogue, detections=4, candidates=candidates)
    address = "/surveys/night/consensus/night/figures/?population=all"
    page = open_page(address, user=member(survey, "scientist"), width=width)
    page.wait_for_function(DRAWN, arg=4)
    legends = page.evaluate(OVERLAPS)
    assert max(len(legend["names"]) for legend in legends) >= 3
    assert all(legend["is_inside"] and not legend["covers"] for legend in legends), legends


def test_a_name_longer_than_a_phone_is_wide_is_cut_in_the_legend(night, open_page):
    survey, _row = night
    frozen = FrozenSet.objects.create(survey=survey, kind="stamp", hash="c", size=40)
    for number, name in enumerate(("Asteroids", "Asteroids in the fields of the second season, asked at random")):
        workflow = sky.workflow(survey, slug=f"w{number}", name=name)
        model = sky.checkpoint(workflow)
        labels = TrainingSet.objects.create(workflow=workflow, hash=f"{number:064}", size=100)
        TrainingRun.objects.filter(pk=model.run_id).update(training_set=labels)
        Evaluation.objects.create(checkpoint=model, test_set=frozen, metrics={"roc_auc": 0.9}, verdict="")
    page = open_page("/surveys/night/learning/", user=member(survey, "scientist"), width=390)
    page.wait_for_function(DRAWN, arg=1)
    [legend] = page.evaluate(OVERLAPS)
    assert legend["is_inside"], legend
    whole, cut = legend["names"]
    assert whole == "Asteroids"
    assert whole == "Asteroids"
    assert cut.startswith("Asteroids in the fields of the")
    assert cut.endswith("…")


def test_each_class_probability_stands_on_its_bar(night, open_page):
    survey, row = night
    model = sky.checkpoint(sky.workflow(survey, kind="tracklet"), is_champion=True)
    Score.objects.create(checkpoint=model, subject=row, probabilities=[0.2, 0.8], p_real=0.8, entropy=0.5)
    page = open_page(f"/surveys/night/subjects/{row.pk}/motion/", user=member(survey, "scientist"))
    bars = page.get_by_role("region", name="Models").locator("td:has(svg)")
    sizes = bars.evaluate_all("(cells) => cells.map((td) => [td.clientHeight, td.firstChild.clientHeight])")
    assert [bar == pytest.approx(cell, abs=2) and cell < 60 for cell, bar in sizes] == [True, True]
