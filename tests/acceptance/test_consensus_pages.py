"""A scientist goes from the consensus histogram to one subject's votes, on desktop and phone."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.acceptance.classifying import wait_until
from tests.acceptance.people import member
from tests.integration.learning import sky
from tests.integration.world import recount
from webapp.classifications.line_marks import Line, store_lines
from webapp.classifications.models import Classification
from webapp.review.rulings import rule
from webapp.volunteers.models import Volunteer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

N = 12
WHERE = """posterior => {
  const place = document.querySelector("[data-histogram=posterior]");
  const frame = [...Bokeh.index.roots].find(({ el }) => place.contains(el))?.frame;
  return frame?.bbox.width > 0 && [frame.x_scale.compute(posterior), frame.y_scale.compute(1)];
}"""
LIGHT, DARK = "rgb(86, 93, 102)", "rgb(165, 173, 184)"  # what is written quietly, in each theme
LABELS_ARE = """([colour, plots]) => {
  const axes = Bokeh.documents.flatMap(({ all_models: all }) => [...all].filter(({ type }) => type === "LinearAxis"));
  return axes.length === 2 * plots && axes.every((axis) => axis.major_label_text_color === colour);
}"""
ADDRESS = "/surveys/night/consensus/night/"


@pytest.fixture
def survey(db):
    """Subjects with three volunteers' answers: the first half yes, the second no; the first has lines."""
    survey = sky.survey("night", classes=["AST", "CR"], positive=["AST"])
    workflow = sky.workflow(survey, name="Real or bogus", line_marking=True)
    rows = sky.subjects(survey, [True] * N)
    sky.queue(workflow, rows)
    at = timezone.now() - timedelta(hours=2)
    for person in Volunteer.objects.bulk_create(Volunteer() for _ in range(3)):
        for place, row in enumerate(rows):
            answer = Classification.objects.create(
                id=uuid.uuid4(), volunteer=person, workflow=workflow, subject=row, is_counted=True,
                answer="yes" if place < N / 2 else "no", started_at=at, finished_at=at + timedelta(seconds=3),
            )  # fmt: skip
            if not place:
                store_lines({answer: [Line(2, 3, 18, 15)]})
    recount(workflow)
    return survey


def test_from_the_histogram_to_one_subjects_votes(survey, open_page):
    page = open_page(ADDRESS, user=member(survey, "scientist"))
    expect(page.get_by_role("heading", name="12 subjects")).to_be_visible()
    plot = page.locator("[data-histogram=posterior]")
    expect(plot.locator(".bk-Figure")).to_be_visible()
    plot.scroll_into_view_if_needed()
    x, y = page.wait_for_function(WHERE, arg=0.875).json_value()  # three newcomers’ yes
    box = plot.locator(".bk-Figure").bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)
    page.wait_for_url("**p_min=**")
    expect(page.get_by_role("heading", name="6 subjects")).to_be_visible()
    page.get_by_role("link", name="Subject", exact=True).click()
    page.get_by_role("link", name="s0").click()
    expect(page.get_by_role("heading", name="Votes on s0")).to_be_visible()
    expect(page.locator("[data-votes] .bk-Figure")).to_be_visible()
    table = page.get_by_role("region", name="Votes", exact=True)
    assert table.evaluate("(table) => table.scrollWidth <= table.clientWidth")
    expect(page.locator(".annotation.volunteers text")).to_have_text(["1", "2", "3"])
    expect(page.get_by_role("region", name="Volunteers' lines").get_by_role("row")).to_have_count(4)


def test_filters_order_and_scale_stay_in_the_address(survey, open_page):
    page = open_page(ADDRESS, user=member(survey, "scientist"))
    page.get_by_label("Most common answer").select_option("no")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("heading", name="6 subjects")).to_be_visible()
    assert page.url.endswith("?answer=no"), "the address names only the filters that are set"
    page.get_by_role("link", name="Votes: yes, no, unsure").click()
    page.get_by_role("link", name="logarithmic").click()
    page.wait_for_url("**scale=log**")
    expect(page.get_by_label("Most common answer")).to_have_value("no")
    assert {"answer=no", "sort=-votes", "scale=log"} <= set(page.url.partition("?")[2].split("&"))
    page.get_by_text("More filters").click()
    page.get_by_label("Votes, at least").fill("4")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No subjects match these filters.")).to_be_visible()
    expect(page.get_by_label("Votes, at least")).to_be_hidden()
    page.get_by_role("link", name="Votes, at least: 4").click()
    expect(page.get_by_role("heading", name="6 subjects")).to_be_visible()


def test_without_scripts_a_link_leads_to_the_histograms_as_tables_and_back(survey, open_page):
    page = open_page(f"{ADDRESS}?answer=no", user=member(survey, "scientist"), java_script_enabled=False)
    expect(page.locator("table.consensus tbody tr")).to_have_count(6)
    page.get_by_role("link", name="Show as a table").first.click()
    expect(page.get_by_role("heading", name="6 subjects")).to_be_visible()
    page.get_by_text("Show as a table").first.click()
    page.get_by_role("region", name="Subjects by posterior").get_by_role("link", name="6").click()
    expect(page.locator("table.consensus tbody tr")).to_have_count(6)
    assert {"answer=no", "p_min=0.1"} <= set(page.url.partition("?")[2].partition("#")[0].split("&"))


@pytest.mark.parametrize("width", [1440, 900, 360])
def test_histograms_that_come_late_move_nothing(survey, open_page, width):
    page = open_page("about:blank", user=member(survey, "scientist"), width=width)
    waiting = []
    page.route("**/histograms/*", lambda route: waiting.append(route))
    page.goto(ADDRESS)
    expect(page.locator("#histograms[aria-busy]")).to_be_visible()
    expect(page.get_by_role("heading", name="Subjects", exact=True)).to_be_visible()
    wait_until(page, lambda: waiting)
    page.wait_for_timeout(500)
    (request,) = waiting
    before = page.locator("table.consensus").bounding_box()
    request.continue_()
    expect(page.get_by_role("heading", name="12 subjects")).to_be_visible()
    expect(page.get_by_role("button", name="Save as SVG")).to_have_count(2)
    assert page.locator("table.consensus").bounding_box() == before


@pytest.mark.parametrize(("path", "plots"), [("calibration/", 1), ("throughput/", 3)])
def test_figures_are_drawn_on_a_phone(survey, open_page, path, plots):
    scientist = member(survey, "scientist")
    for subject in survey.subjects.all()[:4]:
        rule(subject=subject, workflow=survey.workflows.get(), scientist=scientist, verdict="yes")
    page = open_page(ADDRESS + path, user=scientist, width=390, height=844)
    expect(page.locator(".bk-Figure")).to_have_count(plots)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(("path", "plots"), [("", 2), ("throughput/", 3)])
def test_figures_follow_the_theme(survey, open_page, path, plots):
    page = open_page(ADDRESS + path, user=member(survey, "scientist"), color_scheme="light")
    expect(page.locator(".bk-Figure")).to_have_count(plots)
    for change, quiet in [
        (lambda: page.emulate_media(color_scheme="dark"), DARK),
        (lambda: page.get_by_role("button", name="Light").click(), LIGHT),
        (lambda: page.get_by_role("button", name="Dark").click(), DARK),
    ]:
        change()
        page.wait_for_function(LABELS_ARE, arg=[quiet, plots])
        expect(page.locator(".bk-Figure")).to_have_count(plots)


def test_a_row_of_the_table_is_above_the_fold_of_a_common_screen(survey, open_page):
    for slug in ("control", "practice"):  # which stand above the tabs
        sky.workflow(survey, slug=slug, name=f"Real or bogus, {slug}")
    sky.checkpoint(survey.workflows.get(slug="night"), is_champion=True)  # which the caption names
    page = open_page(ADDRESS, user=member(survey, "scientist"), width=1920, height=1080)
    expect(page.locator("[data-histogram=posterior] .bk-Figure")).to_be_visible()
    row = page.locator("table.consensus tbody tr").first.bounding_box()
    assert row["y"] + row["height"] <= 1080
