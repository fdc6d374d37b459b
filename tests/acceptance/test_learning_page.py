"""An admin trains a model from the page, and compares, promotes and rolls back.

test_first_discovery.py trains from the page with a real worker behind it.
"""

import numpy as np
import pytest
from playwright.sync_api import expect

from tasks.learning import train
from tests.acceptance.people import member
from tests.integration.learning import sky
from tests.integration.pages.test_comparison import models
from webapp.archive.models import Subject
from webapp.core.jobs import JobState
from webapp.learning.models import Checkpoint, Promotion, TrainingEpoch, TrainingRun

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lost_messages")]

REAL = np.arange(160) % 2 == 0


@pytest.fixture
def survey(db):
    survey = sky.survey("night")
    rows = sky.subjects(survey, REAL)
    sky.make_gold(rows[:100], REAL[:100])
    sky.queue(sky.workflow(survey), rows)
    return survey


@pytest.fixture
def admin(survey):
    return member(survey, "admin")


def start(page):
    page.goto("/surveys/night/learning/")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Training run")).to_be_visible()


def start_and_train(page):
    start(page)
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    train.run(TrainingRun.objects.latest("pk").pk)


def champion():
    return Checkpoint.objects.get(is_champion=True)


def test_start_curves_promote_and_rollback(survey, admin, open_page):
    page = open_page("/surveys/night/learning/", user=admin)
    start_and_train(page)
    expect(page.locator("#progress .badge.done")).to_be_visible()
    expect(page.get_by_text("Passed the gate.")).to_be_visible()
    expect(page.locator("#progress .badge.champion")).to_be_visible()
    epochs = TrainingRun.objects.get().epochs.count()
    assert page.locator("[aria-labelledby=epochs] tbody tr").count() == epochs
    expect(page.locator("[data-plot=loss] .bk-Figure")).to_be_visible()
    page.wait_for_function(drawn_epochs(epochs))
    first = champion()

    start_and_train(page)
    expect(page.get_by_text("Did not pass the gate.")).to_be_visible()
    expect(page.locator("#doubts")).to_contain_text("It didn't pass the gate.")
    page.get_by_label("Reason for the promotion").fill("The night needs it")
    page.get_by_label("Promote it anyway").check()
    page.get_by_role("button", name="Promote").click()
    expect(page.get_by_text("is now the champion")).to_be_visible()
    assert champion() != first
    assert Promotion.objects.first().by == admin

    page.get_by_text(f"Roll back to model {first.pk}").click()
    page.get_by_role("button", name="Yes, roll back").click()
    expect(page.get_by_text("is the champion again")).to_be_visible()
    assert champion() == first


def drawn_epochs(n):
    """Return a script that checks whether every curve has `n` points."""
    return f"""() => Bokeh.documents.length === 2 && Bokeh.documents.every((document) =>
        [...document.all_models].filter((model) => model.type === "ColumnDataSource")
            .every((source) => source.data.epoch.length === {n}))"""


@pytest.mark.parametrize(("metrics", "legends"), [({}, 2), ({"roc_auc": 0.9}, 3)])
def test_curves_leave_out_metrics_that_no_epoch_has(survey, admin, open_page, metrics, legends):
    """The loss has two lines."""
    run = sky.checkpoint(survey.workflows.get()).run
    for epoch in (1, 2):
        at = {"epoch": epoch, "epochs": 2, "loss": 1 / epoch, "val_loss": 2 / epoch}
        TrainingEpoch.objects.create(run=run, attempt=0, metrics=metrics, **at)
    page = open_page(run.get_absolute_url(), user=admin)
    expect(page.locator("[data-plot=loss] .bk-Figure")).to_be_visible()
    expect(page.locator("[data-plot=metrics] .bk-Figure")).to_have_count(int(bool(metrics)))
    expect(page.get_by_text("Validation metrics by epoch")).to_be_visible(visible=bool(metrics))
    items = "Bokeh.documents.flatMap((each) => [...each.all_models]).filter(({ type }) => type === 'LegendItem').length"
    assert page.evaluate(items) == legends


def test_a_waiting_run_is_cancelled(survey, admin, open_page):
    page = open_page("/surveys/night/learning/", user=admin)
    start(page)
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    page.get_by_role("button", name="Cancel run").click()
    expect(page.locator("#progress .badge.cancelled")).to_be_visible()
    assert TrainingRun.objects.get().state == JobState.CANCELLED


def test_a_second_run_has_to_wait(survey, admin, open_page):
    page = open_page("/surveys/night/learning/", user=admin)
    start(page)
    page.goto("/surveys/night/learning/")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("is in progress")).to_be_visible()
    assert TrainingRun.objects.count() == 1


def test_the_page_fits_a_phone(survey, admin, open_page):
    page = open_page("/surveys/night/learning/", user=admin, width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_scientist_compares_two_models(survey, open_page):
    first, second, _ = models(survey.workflows.get(), list(Subject.objects.order_by("pk")))
    page = open_page("/surveys/night/learning/", user=member(survey, "scientist"))
    page.get_by_role("link", name="Compare models").click()
    page.get_by_role("button", name="Compare").click()
    for name in ("roc", "precision", "calibration"):
        expect(page.locator(f"[data-figure={name}] .bk-Figure")).to_be_visible()
    expect(page.get_by_text(f"Model {second.pk} is better.")).to_be_visible()
    expect(page.get_by_text(f"From model {first.pk} to model {second.pk},")).to_be_visible()
