"""Helpers for the classify page: open it on a small sky, wait for a picture, press a key."""

import numpy as np
from playwright.sync_api import expect

from tests.integration.learning import sky
from webapp.archive.models import SubjectSet
from webapp.classifications.models import Classification
from webapp.queue.membership import enqueue_subjects
from webapp.queue.models import Lease

ECHO = 300  # ms: longer than the page takes a second press for an echo of the first


def make_workflow(n=30, gold=0, frames=1, **fields):
    survey = sky.survey("night", channels=["difference"])
    kind = "tracklet" if frames > 1 else "stamp"
    real = np.arange(n) % 2 == 0
    rows = sky.subjects(survey, real, kind=kind, frames=frames)
    sky.make_gold(rows[:gold], real[:gold])
    fields = {"random_fraction": 0.0, "training_schedule": [[0, 0.0]], "follow_ups": {"no": ["CR", "NOISE"]}} | fields
    workflow = sky.workflow(survey, kind, **fields)
    members = SubjectSet.objects.create(survey=survey, name="all")
    members.subjects.add(*rows)
    workflow.subject_sets.add(members)
    enqueue_subjects(workflow)
    return workflow


REST = """async (rest) => {
  const stage = document.querySelector("[data-part=pictures]");
  const open = () => document.body.dataset.state === "open" && stage.dataset.subject;
  for (let tries = 0; tries < 50; tries += 1) {
    const before = open();
    await new Promise((done) => setTimeout(done, rest));
    if (before && before === open()) return;
  }
  throw new Error(`No answer is taken: the page is ${document.body.dataset.state}.`);
}"""
"""Waits in the page, whose own timers end before this one: the last picture goes if the next is a while in coming."""


def ready(page):
    """Wait until the page takes an answer, past a mistake; return the subject's name.

    A picture that has only just come takes none, and the one before it stays for a moment if the next is not there yet.
    """
    expect(page.locator("body[data-state=open]")).to_be_attached()
    page.evaluate(REST, ECHO)
    if page.locator("dialog.mistake[open]").count():
        page.get_by_role("button", name="Got it").click()
        page.wait_for_timeout(ECHO)
    return shown(page)


COME = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/pixels/')).length"


def loaded_ahead(page):
    """Wait until the page takes an answer and has all pictures that are lent to it: then it needs no network."""
    ready(page)
    wait_until(page, lambda: page.evaluate(COME) == Lease.objects.count())


def shown(page):
    return page.locator("[data-subject]").get_attribute("data-subject")


def press(page, key):
    name = ready(page)
    page.keyboard.press(key)
    return name


def standing():
    return dict(Classification.objects.standing().values_list("subject__external_id", "answer"))


def wait_until(page, condition):
    for _ in range(300):
        if condition():
            return
        page.wait_for_timeout(50)
    assert condition(), page.locator("body").inner_text()


def drawn_on(page, shape):
    """Return the red of each pixel of the canvas, 0..255."""
    red = page.evaluate(
        """() => {
            const canvas = document.querySelector(".pictures canvas");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return [...data].filter((_, i) => i % 4 === 0);
        }"""
    )
    return np.reshape(red, shape)
