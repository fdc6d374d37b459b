"""The discovery figures in a browser: a point opens its subject, and the slider says what a threshold costs."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.figures.movers import injected, season
from tests.integration.learning import sky
from webapp.archive.models import Subject
from webapp.learning import test_sets
from webapp.learning.models import Score

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VIEW = """
  const place = document.querySelector(`[data-figure=${name}]`);
  const view = [...Bokeh.index.roots].find(({ el }) => place.contains(el));"""
WHERE = f"""([name, x, y]) => {{
  {VIEW}
  return [view.frame.x_scale.compute(x), view.frame.y_scale.compute(y)];
}}"""
LAID_OUT = f"""(name) => {{
  {VIEW}
  return view?.frame.bbox.width > 0;
}}"""
FIRST_CELL = f"""(name) => {{
  {VIEW}
  const {{ left, right, bottom, top }} = view.model.renderers[0].data_source.data;
  return [(left[0] + right[0]) / 2, (bottom[0] + top[0]) / 2];
}}"""


def click(page, name, x, y):
    """Click a place in a figure's coordinates."""
    plot = page.locator(f"[data-figure={name}] .bk-Figure")
    expect(plot).to_be_visible()
    plot.scroll_into_view_if_needed()
    page.wait_for_function(LAID_OUT, arg=name)
    x, y = page.evaluate(WHERE, [name, x, y])
    box = plot.bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)


POINTS = """() => {
  const [view] = [...Bokeh.index.roots].filter(({ model }) => model.type === "Figure");
  const dots = view.model.renderers.filter(({ glyph }) => glyph.type === "Scatter");
  return dots.map(({ glyph, data_source }) => [...data_source.data[glyph.y.field]]);
}"""
NAMES = f"""(name) => {{
  {VIEW}
  return [...view.model.references()].find(({{ type }}) => type === "Legend").items.map(({{ label }}) => label.value);
}}"""
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
    slider, number = page.get_by_role("slider", name="Threshold"), page.get_by_role("spinbutton", name="Threshold")
    assert f"threshold={number.input_value()}" in page.url
    end = slider.input_value()
    number.fill("0.9")
    expect(slider).not_to_have_value(end)
    expect(page.locator("[data-threshold]")).to_have_text(re.compile(r"0\.[89]"))
    expect(sentence).not_to_contain_text("you keep 100%")
    moved = slider.input_value()
    number.press("Enter")
    page.wait_for_url("**threshold=0.9&**")
    expect(page.get_by_role("slider", name="Threshold")).to_have_value(moved)
    for name in ("PNG", "SVG"):
        with page.expect_download() as waiting:
            page.locator("figure", has=page.locator("[data-figure=roc]")).get_by_role("button", name=name).click()
        assert waiting.value.suggested_filename.endswith(name.lower())
    plot = page.locator("[data-figure=motion]")
    expect(plot.locator(".bk-Figure")).to_be_visible()
    page.wait_for_function(LEGENDS_STAND_ABOVE)
    sides = ["no known object nearby", "known object nearby", "not compared with known objects"]
    assert page.evaluate(NAMES, "mag") == page.evaluate(NAMES, "motion") == sides
    plot.scroll_into_view_if_needed()
    click(page, "motion", 50, 20)
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


def test_a_bar_and_a_cell_open_their_lists(db, open_page):
    workflow = sky.workflow(sky.survey("night", pixel_scale=1.86), kind="tracklet")
    champion = sky.checkpoint(workflow, is_champion=True, manifest={"threshold": 0.5})
    rows = season(workflow, champion)
    for place, row in enumerate(rows):
        Subject.objects.filter(pk=row.pk).update(mag=17.15 + place % 3)
    injected(workflow, champion)
    figures = "/surveys/night/consensus/night/figures/?population=all"
    page = open_page(figures, user=member(workflow.survey, "scientist"))
    for known, height in (("none", 1.5), ("near", 4.5)):  # three have a known object near them, above three without
        click(page, "mag", 17.4, height)
        page.wait_for_url(f"**/surveys/night/?kind=tracklet&known={known}&mean_mag_min=*")
        expect(page.get_by_text("3 subjects")).to_be_visible()
        page.go_back()
    page.locator("figure", has=page.locator("[data-figure=mag]")).get_by_text("Show as a table").click()
    page.get_by_role("region", name="Magnitude").get_by_role("link", name="6").first.click()
    expect(page.get_by_text("6 subjects")).to_be_visible()
    page.goto(figures)
    expect(page.locator("[data-figure=plane-model] .bk-Figure")).to_be_visible()
    click(page, "plane-model", *page.evaluate(FIRST_CELL, "plane-model"))
    page.wait_for_url("**/consensus/night/injected/?threshold=0.5&finder=model&mag_min=*")
    expect(page.get_by_text("simulated movers, drawn into real images")).to_be_visible()


def test_the_trend_of_the_nights_follows_its_threshold(db, open_page):
    workflow = sky.workflow(sky.survey("night", pixel_scale=1.86), kind="tracklet")
    season(workflow, sky.checkpoint(workflow, is_champion=True, manifest={"threshold": 0.5}))
    page = open_page("/surveys/night/consensus/night/nights/", user=member(workflow.survey, "scientist"))
    expect(page.locator("[data-figure=nights] .bk-Figure")).to_be_visible()
    assert page.evaluate(POINTS) == [[0.5] * 3, [0.5] * 3]
    slider, number = page.get_by_role("slider", name="Threshold"), page.get_by_role("spinbutton", name="Threshold")
    number.fill("0.25")
    expect(slider).to_have_value("0.25")
    expect(page.locator("[data-threshold]")).to_have_text("0.250")
    number.press("Enter")
    page.wait_for_url("**threshold=0.25&**")
    expect(slider).to_have_value("0.25")
    slider.press("End")
    expect(number).to_have_value("1")
    page.wait_for_url("**threshold=1*")
    expect(page.get_by_role("region", name="Nights").get_by_text("2 (100.0%)").first).to_be_visible()
    page.wait_for_function(f"JSON.stringify(({POINTS})()) === '[[0,0,0],[1,1,1]]'")  # nothing is called real
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Points as CSV").click()
    assert "false_negative_high" in waiting.value.path().read_text().splitlines()[0]
    page.go_back()
    expect(page.locator("[data-threshold]")).to_have_text("0.250")
    expect(number).to_have_value("0.25")
    expect(slider).to_have_value("0.25")
