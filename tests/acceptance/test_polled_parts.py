"""Live page updates preserve focus, scroll position and open details."""

import pytest
from playwright.sync_api import expect

from tests.acceptance.people import member
from tests.integration.quality.test_flags_page import NUMBERS
from tests.integration.world import make_volunteer, make_workflow
from webapp.archive.models import IngestProblem, IngestRun
from webapp.consensus.models import ConsensusRecompute
from webapp.imports.foreign_record import Reason
from webapp.imports.models import ClassificationImport
from webapp.learning.models import TrainingEpoch, TrainingRun
from webapp.quality.models import QualityFlag, QualityScan
from webapp.synthetics.models import Injection

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
POLLED = "[hx-trigger^=every]"
USABLE = ":is(a, button, summary, select, textarea, input:not([type=hidden]), [tabindex])"


@pytest.fixture
def workflow(db):
    return make_workflow(subjects=2)


@pytest.fixture
def page(workflow, open_page):
    return open_page("/", user=member(workflow.survey, "admin"))


def let_it_poll(page):
    for _ in range(2):
        with page.expect_response(lambda response: "hx-request" in response.request.headers):
            pass
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)


def ingest_run(workflow):
    return IngestRun.objects.create(survey=workflow.survey, path="x", subject_set="all", state="running", bad=1)


def training_run(workflow):
    return TrainingRun.objects.create(survey=workflow.survey, workflow=workflow, role="tracklet", state="running")


def flag(workflow, name, **fields):
    kind, numbers = next(iter(NUMBERS.items()))
    bot = make_volunteer(name)
    seen_at = workflow.created_at
    return QualityFlag.objects.create(
        volunteer=bot, workflow=workflow, kind=kind, numbers=numbers, p=1e-9, seen_at=seen_at, **fields
    )


@pytest.mark.parametrize(("start", "address"), [(ingest_run, "ingest/"), (training_run, "learning/")])
def test_the_focus_stays_on_a_run_in_the_list(workflow, page, start, address):
    run = start(workflow)
    page.goto(f"/surveys/atlas/{address}")
    page.locator("#runs-list").get_by_role("link", name=str(run.pk)).focus()
    let_it_poll(page)
    expect(page.locator("#runs-list").get_by_role("link", name=str(run.pk))).to_be_focused()


def test_what_was_decided_stays_unfolded_while_a_worker_looks(workflow, page):
    QualityScan.objects.create(workflow=workflow, state="running")
    flag(workflow, "quick-answers", state="dismissed")
    page.goto("/surveys/atlas/quality/")
    page.get_by_text("Closed flags: 1").click()
    page.get_by_role("button", name="Undo").focus()
    let_it_poll(page)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.get_by_text("Closed flags: 1").click()
    let_it_poll(page)
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()


def test_a_table_stays_scrolled(workflow, page):
    run = training_run(workflow)
    TrainingRun.objects.update(attempts=1)
    epochs = [TrainingEpoch(run=run, attempt=1, epoch=n, epochs=60, loss=0.5) for n in range(60)]
    TrainingEpoch.objects.bulk_create(epochs)
    page.goto(f"/surveys/atlas/learning/runs/{run.pk}/")
    table = page.locator("#epochs-table")
    let_it_poll(page)  # drawn plots can move what is scrolled, which the browser makes up for
    table.evaluate("table => table.scrollTo(0, 300)")
    let_it_poll(page)
    expect(table).to_have_js_property("scrollTop", 300)


def test_whatever_can_have_the_focus_can_keep_it(workflow, page):
    run = ingest_run(workflow)
    IngestProblem.objects.create(run=run, file="a.fits", reason="It is empty.")
    training = training_run(workflow)
    epoch = {"attempt": 0, "epoch": 1, "epochs": 2, "loss": 0.5}
    TrainingEpoch.objects.create(run=training, **epoch)
    said = {Reason.UNREADABLE.value: {"count": 1, "examples": []}}
    coming = ClassificationImport.objects.create(
        workflow=workflow, path="x", options={"answers": {}}, report=said, state="running"
    )
    Injection.objects.create(workflow=workflow, label="AST", seed=1, state="running")
    ConsensusRecompute.objects.create(workflow=workflow, state="running")
    QualityScan.objects.create(workflow=workflow, state="running")
    for state in ("open", "confirmed"):
        flag(workflow, state, state=state)
    page.wait_for_load_state("networkidle")  # what the page asks for may be about the queue
    workflow.queue.all().delete()
    for address in (
        "ingest/", f"ingest/{run.pk}/", "learning/", f"learning/runs/{training.pk}/", "training/", "workflows/atlas/",
        f"exchange/atlas/imports/{coming.pk}/", "quality/",
    ):  # fmt: skip
        page.goto(f"/surveys/atlas/{address}")
        assert page.locator(f"{POLLED} {USABLE}").count(), address
        assert page.locator(f"{POLLED} {USABLE}:not([id])").count() == 0, address
