"""An admin ingests images from the page, with a real worker behind it."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from ml.simulate.atlas.night import atlas
from tests.acceptance.people import member
from tests.acceptance.quick_up import NO_LEARNING
from tests.acceptance.real_worker import running_worker
from tests.integration.learning.sky import subjects
from webapp.archive.models import IngestRun, Subject, SubjectSet, Survey

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("lost_messages")]

A_RUN = 60_000  # ms


@pytest.fixture
def survey(db):
    classes = ["BURN", "CR", "NOISE", "SCAR", "SPIKE", "AST", "STREAK", "COMET"]
    return Survey.objects.create(slug="night", name="Night", classes=classes, positive=classes[5:])


@pytest.fixture
def page(survey, open_page):
    return open_page("/surveys/night/ingest/", user=member(survey, "admin"))


def test_files_from_a_browser_are_tried_and_then_ingested(survey, page, tmp_path):
    sky = tmp_path / "sky"
    atlas(16, 1, sky)
    manifest = (sky / "manifest.csv").read_text().splitlines()
    bad_row = manifest[1].replace(",cube-00000.fits,", ",missing.fits,").replace("000000", "000099")
    (sky / "manifest.csv").write_text("\n".join([*manifest, bad_row]) + "\n")

    page.get_by_label("Files from your computer").set_input_files([sky / "manifest.csv", *sky.glob("*.fits")])
    page.get_by_label("Dry run").check()
    with running_worker(tmp_path, *NO_LEARNING):
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#progress .badge.done")).to_be_visible(timeout=A_RUN)
        expect(page.get_by_text("missing.fits")).to_be_visible()
        assert Subject.objects.count() == 0
        page.get_by_role("button", name="Ingest now").click()
        expect(page.get_by_role("link", name="See the 16 new subjects")).to_be_visible(timeout=A_RUN)
    assert Subject.objects.count() == 16
    expect(page.get_by_text("The first 1 of 1")).to_have_count(0)
    old = subjects(survey, [False], prefix="old-")[0]
    SubjectSet.objects.get(name=IngestRun.objects.latest("pk").subject_set).subjects.add(old)
    Subject.objects.filter(pk=old.pk).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    page.get_by_role("link", name="See the 16 new subjects").click()
    expect(page.locator(".thumbnails li")).to_have_count(16)
    expect(page.get_by_text("16 subjects", exact=True)).to_be_visible()
    page.wait_for_function("() => [...document.images].slice(0, 8).every((image) => image.naturalWidth > 0)")


def test_a_name_outside_the_inbox_is_refused(page):
    page.get_by_label("Or a file or folder in the inbox").fill("../../etc/passwd")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("lies outside the inbox")).to_be_visible()
    assert not IngestRun.objects.exists()


def test_nothing_chosen_is_said(page):
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Choose files, or name an inbox path")).to_be_visible()
    assert not IngestRun.objects.exists()
