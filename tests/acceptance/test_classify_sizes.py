"""The classify page in windows of all sizes: picture and answer buttons are fully visible and don't overlap."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import loaded_ahead, make_workflow, ready, standing, wait_until
from webapp.archive.models import Subject, Survey

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = "/classify/night/"
LEAST = 12 * 16  # CSS pixels that a picture needs
CAMERA = 47  # CSS pixels at each side
NO = "[data-answer=no]"


@pytest.fixture
def workflow(db):
    return make_workflow()


def area(page, selector):
    """Return left, top, right and bottom of an element, in page coordinates."""
    return page.locator(selector).evaluate(
        """(element) => {
            const { left, top, right, bottom } = element.getBoundingClientRect();
            return [left + scrollX, top + scrollY, right + scrollX, bottom + scrollY];
        }"""
    )


def beside_the_camera(page):
    """Return elements in the safe-area margins of a phone in landscape, except backgrounds."""
    page.context.new_cdp_session(page).send(
        "Emulation.setSafeAreaInsetsOverride", {"insets": {"left": CAMERA, "right": CAMERA}}
    )
    return page.evaluate(
        """(camera) => [...document.querySelectorAll("a, button, input, select, summary, h1, h2, p, dt, dd, canvas")]
            .filter((element) => element.checkVisibility({ visibilityProperty: true }))
            .filter((element) => !element.matches(".skip, .visually-hidden"))
            .filter((element) => {
                const { left, right, width } = element.getBoundingClientRect();
                return width && (left < camera || right > innerWidth - camera);
            })
            .map((element) => element.outerHTML.slice(0, 100))""",
        CAMERA,
    )


def shifts(page):
    """Return the sum of all layout shifts so far, those after a click too."""
    return page.evaluate(
        """() => new Promise((done) => new PerformanceObserver((list) => {
            done(list.getEntries().reduce((sum, each) => sum + each.value, 0));
        }).observe({ type: "layout-shift", buffered: true }) ?? setTimeout(() => done(0), 500))"""
    )


def are_apart(one, other):
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.parametrize(("width", "height"), [(320, 256), (320, 480)])
def test_a_page_magnified_many_times_shows_the_picture_and_scrolls_to_the_answers(workflow, open_page, width, height):
    page = open_page(PAGE, width=width, height=height)
    name = ready(page)
    stage = area(page, ".stage")
    assert (stage[2] - stage[0], stage[3] - stage[1]) >= (width, LEAST)
    assert page.locator(".pictures canvas").bounding_box()["height"] >= LEAST - 1
    for answer in ("no", "unsure", "yes"):
        assert are_apart(area(page, f"[data-answer={answer}]"), stage)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(NO).click()
    wait_until(page, lambda: standing() == {name: "no"})


@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390)])
def test_a_phone_shows_all_of_it_at_once_and_nothing_jumps(workflow, open_page, width, height):
    page = open_page(PAGE, width=width, height=height)
    ready(page)
    assert page.evaluate("document.documentElement.scrollHeight") <= height
    stage, no = area(page, ".stage"), area(page, NO)
    assert no[3] <= height
    assert are_apart(stage, no)
    assert min(stage[2] - stage[0], stage[3] - stage[1]) >= LEAST
    for answer in ("no", "unsure", "yes"):
        page.locator(f"[data-answer={answer}]").click()
        ready(page)
    assert area(page, ".stage") == stage
    assert shifts(page) < 0.02


def test_on_a_narrow_phone_the_tools_of_frames_are_one_row_below_the_picture(db, open_page):
    make_workflow(frames=3)
    page = open_page(PAGE, width=360, height=560)
    ready(page)
    expect(page.locator("[data-part=frame]")).to_be_visible()
    assert page.locator(".pictures canvas").bounding_box()["height"] >= LEAST
    assert area(page, ".tools .about")[1] == area(page, "[data-part=pause]")[1]


def test_what_is_known_of_a_subject_fits_a_phone_and_closes_like_a_menu(workflow, open_page):
    Survey.objects.update(open_metadata=["pipeline"])
    Subject.objects.update(metadata={"pipeline": "difference_imaging_run_" * 12})
    page = open_page(PAGE, width=390, height=844)
    button, facts = page.get_by_role("button", name="About"), page.locator("#about")
    for close in ("Escape", "outside", "answer"):
        ready(page)
        button.tap()
        expect(facts).to_contain_text("difference_imaging")
        left, top, right, bottom = area(page, "#about")
        assert 0 <= left < right <= 390
        assert 0 <= top < bottom <= area(page, "[data-part=card]")[1]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        if close == "Escape":
            page.keyboard.press("Escape")
        elif close == "outside":
            page.touchscreen.tap(200, bottom + 10)
        else:
            page.keyboard.press("y")
        expect(facts).to_be_hidden()


def test_a_phone_says_why_one_was_asked_and_how_others_answered(workflow, open_page):
    page = open_page(PAGE, width=390, height=844)
    ready(page)
    yes = area(page, "[data-answer=yes]")
    page.locator(NO).click()
    ready(page)
    why = page.locator("[data-part=why]")
    expect(why).not_to_be_empty()
    chips = area(page, ".chips")
    sentence = "Others so far: 1 yes, 0 no. The model was uncertain, and this one is unlike the others it asks about"
    why.evaluate("(element, text) => { element.textContent = text; }", sentence)
    assert why.evaluate("({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight")
    assert area(page, ".chips") == chips
    assert area(page, "[data-answer=yes]") == yes


@pytest.mark.parametrize(("width", "height"), [(320, 568), (844, 390)])
def test_a_low_phone_asks_for_the_kind_in_words_and_has_the_whole_reason(workflow, open_page, width, height):
    page = open_page(PAGE, width=width, height=height)
    ready(page)
    page.locator(NO).click()
    ready(page)
    why = page.locator("[data-part=why]")
    expect(why).not_to_be_empty()
    expect(page.locator("[data-part=card]").get_by_text("What kind? (optional)")).to_be_in_viewport(ratio=1)
    sentence = "Models that learned from different samples of the labels disagree about this one"
    why.evaluate("(element, text) => { element.textContent = `${text}. ${text}.`; }", sentence)
    assert why.evaluate("({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight")
    page.locator("[data-part=card]").evaluate("(card) => card.scrollTo(0, card.scrollHeight)")
    assert area(page, "[data-part=why]")[3] <= area(page, "[data-part=card]")[3]


@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390), (1024, 700), (1440, 900)])
def test_that_answers_wait_is_said_beside_the_picture_and_not_over_it(workflow, open_page, width, height):
    page = open_page(PAGE, width=width, height=height)
    loaded_ahead(page)
    answers = area(page, "[data-part=answers]")
    page.context.set_offline(True)
    page.locator(NO).click()
    expect(page.get_by_text("One answer is saved in this browser")).to_be_in_viewport(ratio=1)
    for other in (".stage", ".bar", ".tools", "[data-part=card]", "[data-part=answers]"):
        assert are_apart(area(page, "[data-part=waiting]"), area(page, other)), other
    assert area(page, "[data-part=answers]") == answers


def test_the_help_leads_a_phone_s_visitor_to_the_sign_in_and_back(workflow, open_page):
    page = open_page(PAGE, width=390, height=844)
    page.get_by_role("button", name="Help and shortcuts").tap()
    sign_in = page.get_by_role("dialog").get_by_role("link", name="Sign in")
    expect(sign_in).to_have_attribute("href", f"/accounts/login/?next={PAGE}")


@pytest.mark.parametrize(("path", "opens"), [("/", []), (PAGE, ["Picture", "Field guide"])])
def test_nothing_lies_under_the_camera_of_a_phone_held_sideways(workflow, open_page, path, opens):
    page = open_page(path, width=844, height=390)
    page.wait_for_load_state("networkidle")
    assert beside_the_camera(page) == []
    for name in opens:
        page.get_by_role("button", name=name).first.click()
        assert beside_the_camera(page) == []
