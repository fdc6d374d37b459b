"""Every page that a link leads to keeps WCAG 2.2 AA by axe, light and dark, and fits a phone and a magnified page."""

import re
from urllib.parse import urlsplit

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.archive.models import IngestRun
from webapp.consensus.replay import recompute
from webapp.learning.models import Score, TrainingEpoch
from webapp.volunteers.models import Classification, Volunteer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
NOT_PAGES = re.compile(r"\.(csv|json|parquet|xml|png|bin|zip|pdf|ics)$|^/api/|logout")
AS_LONG_AS = 60  # pages a person reaches in this small sky
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def survey(db):
    """A survey with something on each of its pages."""
    survey = sky.survey("night", classes=["AST", "CR"], positive=["AST"], is_simulated=True)
    workflow = sky.workflow(survey, follow_ups={"no": ["CR"], "yes": ["AST"]}, help_text="Look for what moves.")
    real = np.arange(30) % 2 == 0
    rows = sky.subjects(survey, real)
    sky.make_gold(rows[:10], real[:10])
    sky.queue(workflow, rows)
    model = sky.checkpoint(workflow, is_champion=True)
    for epoch in (1, 2):
        figures = {"epochs": 2, "loss": 1 / epoch, "val_loss": 1.1 / epoch, "metrics": {"roc_auc": 0.9}}
        TrainingEpoch.objects.create(run=model.run, attempt=1, epoch=epoch, **figures)
    for person in Volunteer.objects.bulk_create(Volunteer() for _ in range(3)):
        vote_on(workflow, person, rows[10:])
    recompute(workflow)
    scores = [Score(checkpoint=model, subject=row, probabilities=[0.2], p_real=0.2, entropy=0.5) for row in rows]
    Score.objects.bulk_create(scores)
    IngestRun.objects.create(survey=survey, path="night.csv", state="done", done=30, total=30, added=30)
    return survey


def vote_on(workflow, person, rows):
    for row in rows:
        Classification.objects.create(
            id=f"{person.pk:08d}-0000-4000-8000-{row.pk:012d}", volunteer=person, workflow=workflow, subject=row,
            answer="yes", is_counted=True,
        )  # fmt: skip


def pages(page):
    """Follow the links from where the page is; yield after each arrival, one page of each kind."""
    waiting, kinds = ["/"], set()
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"\d+", "N", urlsplit(path).path)
        if kind in kinds or NOT_PAGES.search(urlsplit(path).path):
            continue
        kinds.add(kind)
        response = page.goto(path)
        assert response.ok, f"{path} answers {response.status}"
        page.wait_for_load_state("load")
        yield kind
        links = page.eval_on_selector_all("a[href]", "all => all.map((a) => a.href)")
        ours = [urlsplit(link) for link in links if urlsplit(link).netloc == urlsplit(page.url).netloc]
        waiting += [link.path + (f"?{link.query}" if link.query else "") for link in ours]
    assert len(kinds) <= AS_LONG_AS


@pytest.mark.parametrize(
    ("role", "scheme", "width"),
    [("admin", "light", 1440), ("scientist", "dark", 390), ("volunteer", "light", 390), (None, "dark", 720)],
)
def test_every_page_can_be_used_by_everybody(survey, open_page, role, scheme, width):
    user = member(survey, role) if role else None
    page = open_page("/", user=user, color_scheme=scheme, width=width, reduced_motion="reduce")
    wrong = {}
    for kind in pages(page):
        found = [
            f"{violation['id']}: {node['html'][:120]} ({node.get('failureSummary', '')[:200]})"
            for violation in Axe().run(page, options=RULES).response["violations"]
            for node in violation["nodes"]
        ]
        if page.evaluate(OVERFLOW) > 0:
            found.append(f"{page.evaluate(OVERFLOW)} px wider than the screen")
        if found:
            wrong[kind] = found
    assert not wrong, "\n".join(f"{kind}\n  " + "\n  ".join(found) for kind, found in wrong.items())
