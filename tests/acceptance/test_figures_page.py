"""The discovery figures in a browser: a point opens its subject, and the slider says what a threshold costs."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.figures.movers import season
from tests.integration.learning import sky
from webapp.learning import test_sets
from webapp.learning.models import Score

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WHERE = """([label, x, y]) => {
  const of = ({ model }) => model.type === "Figure" && model.below.some((axis) => axis.axis_label === label);
  const { frame } = [...Bokeh.index.roots].find(of);
  return [frame.x_scale.compute(x), frame.y_scale.compute(y)];
}"""
LEGENDS_STAND_ABOVE = """() => {
  const figures = [...Bokeh.index.roots].map(({ model }) => model).filter(({ type }) => type === "Figure");
  return figures.length === 9 && figures.every((figure) => {
    const legends = [...figure.references()].filter(({ type }) => type === "Legend");
    return legends.length === 1 && figure.above.includes(legends[0]);
  });
}"""


def test_a_point_opens_its_subject_and_the_slider_says_what_a_threshold_costs(db, open_page):
    survey = sky.survey("night", pixel_scale=1.86)
    workflow = sky.workflow(survey, kind="tracklet")
    champion = sky.checkpoint(workflow, is_champion=True, manifest={"threshold": 0.5})
    rows = season(workflow, champion, nights=(61000,))
    real = np.arange(80) % 2 == 0
    gold = sky.subjects(survey, real, kind="tracklet", prefix="g")
    sky.make_gold(gold, real)
    Score.objects.bulk_create(
        Score(checkpoint=champion, subject=row, probabilities=[1 - p, p], p_real=p, entropy=0.1)
        for row, p in zip(gold, np.linspace(0.01, 0.99, 80), strict=True)
    )
    test_sets.freeze(survey=survey, kind="tracklet")
    page = open_page("/surveys/night/consensus/night/figures/?population=all", user=member(survey, "scientist"))
    sentence = page.locator("[data-sentence]")
    expect(sentence).to_contain_text("At this threshold you keep")
    before = sentence.text_content()
    page.get_by_role("slider", name="Threshold").press("End")
    expect(sentence).not_to_have_text(before)
    expect(sentence).to_contain_text("you keep 100%")
    page.wait_for_url("**threshold=0.0**")
    plot = page.locator("[data-figure=motion]")
    expect(plot.locator(".bk-Figure")).to_be_visible()
    page.wait_for_function(LEGENDS_STAND_ABOVE)
    plot.scroll_into_view_if_needed()
    x, y = page.evaluate(WHERE, ["position angle (°), from north through east", 50, 20])
    box = plot.locator(".bk-Figure").bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)
    page.wait_for_url(f"**/subjects/{rows[1].pk}/")
    page.get_by_role("link", name="Motion").click()
    expect(page.get_by_role("heading", name=f"Motion of {rows[1]}")).to_be_visible()
    expect(page.locator("[data-motion=sky] .bk-Figure")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save as SVG").first.click()
    drawn = waiting.value.path().read_text()
    assert drawn.startswith("<svg")
    assert "uniform motion" in drawn
    assert "<path" in drawn
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
