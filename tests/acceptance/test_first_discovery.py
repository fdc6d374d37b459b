"""docs/first-discovery.md leads from nothing to a confirmed find: its commands, fields and buttons, in a browser."""

import csv
import subprocess
import time
import urllib.request
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import ready
from tests.acceptance.running_site import free_port, prepare
from tests.acceptance.tutorial import Checkout, Section
from tests.prepared import ROOT

pytestmark = pytest.mark.browser

TRAINED = 240_000  # ms, on a machine that does much else
ANSWERS = 24  # two dozen: half of the first dozen are practice images
REAL = ("AST", "COMET", "STREAK")


def section(title):
    return Section("first-discovery.md", title)


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def checkout(tmp_path, port):
    """A fresh checkout whose site has been started, with the page's own command."""
    if subprocess.run(["make", "--question", "venv"], cwd=ROOT, check=False).returncode:
        pytest.fail("The environment is not up to date. Run make venv first: this test installs nothing.")
    made = Checkout(tmp_path / "wanderers", port)
    prepare(made.data)
    command, account = section("Start a site").commands()
    site = made.leave_running(command)
    try:
        wait_for(f"http://127.0.0.1:{port}/health/live/")
        made.run(account)
        yield made
    finally:
        made.interrupt(site)


def wait_for(address, seconds=120.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError(f"Nothing answers at {address}.")


@pytest.fixture
def page(chromium, port):
    context = chromium.new_context(base_url=f"http://127.0.0.1:{port}", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def truth(checkout):
    """Return which subject shows something real, by its name on the site."""
    with (checkout.data / "first-night" / "truth.csv").open() as rows:
        return {row["external_id"]: row["label"] in REAL for row in csv.DictReader(rows)}


def sign_in(page):
    step = section("Sign in")
    page.goto("/")
    step.press(page, "Sign in")
    step.fill_in(page)
    step.press(page, "Sign in", "button")
    page.wait_for_url("/")


def create_survey(page):
    step = section("Create a survey")
    step.press(page, "New survey")
    step.fill_in(page)
    step.press(page, "Create survey", "button")
    page.wait_for_url("/surveys/first-light/**")


def ingest_a_night(checkout):
    for command in section("Ingest a night").commands():
        checkout.run(command)


def ask_a_question(page):
    step = section("Ask a question")
    page.goto("/surveys/first-light/")
    step.press(page, "Workflows")
    step.press(page, "New workflow")
    step.fill_in(page)
    page.get_by_role("checkbox", name="night").check()
    step.press(page, "Create workflow", "button")
    expect(page.get_by_text("Real or not? is open.")).to_be_visible()


def train_a_first_model(page):
    step = section("Train a first model")
    step.press(page, "Models")
    step.press(page, "Start run", "button")
    page.wait_for_url("**/runs/*/")
    expect(page.locator("#state .champion")).to_be_visible(timeout=TRAINED)


def classify(page, is_real):
    page.goto("/")
    section("Classify").press(page, "Start")
    for _ in range(ANSWERS):
        name = ready(page)  # not the one before it, which stays for a moment
        page.keyboard.press("y" if is_real[name] else "n")
    ready(page)


def confirm(page):
    """Confirm the first subject on which volunteer and model agree; return its name."""
    step = section("Confirm what you found")
    page.goto("/surveys/first-light/")
    step.press(page, "Review")
    step.press(page, "Agreed candidates")
    row = page.locator("[data-row]").first
    for _ in range(30):  # until the model's scores are in
        if row.count():
            break
        page.wait_for_timeout(2000)
        page.reload()
    found = row.get_attribute("aria-label")
    step.press(row, "Yes", "button")
    expect(row.get_by_role("button", name="Withdraw verdict")).to_be_visible()
    return found


def expect_on_front_page(page, words, seconds=60):
    """Wait until the front page, whose lists are counted every ten seconds, lists a find."""
    deadline = time.monotonic() + seconds
    page.goto("/")
    while not page.get_by_text(words).count() and time.monotonic() < deadline:
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator(".found li")).to_contain_text(words)


def verdicts(checkout):
    """Return the verdicts in the exported table, by subject."""
    (command,) = section("Confirm what you found").commands()
    checkout.run(command)
    with (checkout.folder / "real-or-not-consensus.csv").open() as rows:
        return {row["external_id"]: row["ruling"] for row in csv.DictReader(rows) if row["ruling"]}


def test_the_page_leads_to_a_discovery(checkout, page):
    sign_in(page)
    create_survey(page)
    ingest_a_night(checkout)
    ask_a_question(page)
    train_a_first_model(page)
    is_real = truth(checkout)
    classify(page, is_real)
    found = confirm(page)
    assert is_real[found]
    expect_on_front_page(page, "First light: 1 volunteer")
    assert verdicts(checkout) == {found: "yes"}
