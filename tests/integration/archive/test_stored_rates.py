"""The rate that a motion fit finds is stored with each subject: as its motion page has it, whatever errors are set."""

import numpy as np
import pytest
from django.db import transaction

from tasks.housekeeping import hourly_motions
from tests.integration.archive.sky import make_survey, row, run_ingest, write_cube, write_manifest
from tests.integration.at_once import beside
from tests.integration.figures.movers import tracklet
from tests.integration.locks import wait_until_somebody_waits
from tests.integration.people import browser, member
from webapp.archive import stored_rates
from webapp.archive.fitted_motions import fit_motions
from webapp.archive.models import MotionFit, Subject
from webapp.archive.survey_settings import change_survey
from webapp.core.jobs import DAILY

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey():
    return make_survey(classes=["AST", "CR"], positive=["AST"], seeing=4.0, position_floor=0.1)


@pytest.fixture
def scientist(survey):
    return browser(member(survey, "scientist", "sue"))


def of_page(scientist, subject):
    return scientist.get(f"/surveys/{subject.survey.slug}/subjects/{subject.pk}/motion/").context["fit"]["rate"]


def bent(survey, n=0):
    """Store a tracklet whose last, faint detection is off its line, so that its rate depends on the errors set."""
    found = tracklet(survey, n=4, left=3.0, dec=-20.0 + n, prefix=f"{n}-")
    found.frames.filter(position=3).update(snr=5.0)
    return found


def run_waiting():
    for job in MotionFit.objects.open().order_by("pk"):
        stored_rates.fit_stored(MotionFit.objects.claim(job.pk))


def test_an_ingest_stores_the_rate_of_the_motion_page(survey, scientist, tmp_path):
    write_cube(tmp_path / "a.fits", planes=16)
    places = {f"ra{n}": 10 + n / 1000 + (n == 4) / 3000 for n in range(1, 5)} | {
        f"dec{n}": -5 + n / 900 for n in range(1, 5)
    }
    common = {"image": "a.fits", "kind": "tracklet", "plane": "", "rate": 5, "snr": 8.0, "snr4": 5.0, **places}
    times = {f"mjd{n}": 60600 + n / 100 for n in range(1, 5)}
    write_manifest(
        tmp_path,
        [
            row("moves", planes="0:4", **common, **times),
            row("once", planes="4:8", **common, **dict.fromkeys(times, 60600.25)),
            row("nowhere", planes="8:12", **{**common, **dict.fromkeys([*places, "ra", "dec"], "")}, **times),
            row("subject's", planes="12:16", **{**common, **dict.fromkeys(places, ""), "ra": 10, "dec": -5}, **times),
        ],
    )
    run_ingest(survey, tmp_path / "manifest.csv")
    found = {each.external_id: each for each in Subject.objects.select_related("survey")}
    assert found["moves"].fitted_rate == pytest.approx(of_page(scientist, found["moves"]), rel=1e-9)
    assert found["moves"].fitted_rate > 20, "not the manifest's"
    assert found["once"].fitted_rate is None, "one time"
    assert found["nowhere"].fitted_rate is None, "no positions"
    assert (found["subject's"].ra, found["subject's"].fitted_rate) == (10, None), "its frames have none of their own"


def test_other_position_errors_fit_all_rates_anew(survey, scientist):
    rows = [bent(survey, n) for n in range(3)]
    change_survey(survey=survey, seeing=4.5, position_floor=0.2)
    run_waiting()
    before = list(Subject.objects.order_by("pk").values_list("fitted_rate", flat=True))
    assert before == pytest.approx([of_page(scientist, each) for each in rows], rel=1e-9)
    admin = browser(member(survey, "admin", "ada"))
    settings = {"name": "A", "classes": "AST, CR", "positive": "AST", "seeing": "4.5", "position_floor": "2"}
    assert admin.post(f"/surveys/{survey.slug}/settings/", settings).status_code == 302
    run_waiting()
    after = list(Subject.objects.order_by("pk").values_list("fitted_rate", flat=True))
    assert after == pytest.approx([of_page(scientist, each) for each in rows], rel=1e-9)
    assert np.abs(np.subtract(after, before)).min() > 0.01


def test_a_change_that_leaves_the_errors_starts_no_fit(survey):
    change_survey(survey=survey, name="Another name")
    assert not MotionFit.objects.exists()


def test_what_an_older_site_stored_is_fitted_within_the_hour_and_once(survey, scientist, monkeypatch):
    monkeypatch.setattr(stored_rates, "BATCH", 2)
    rows = [bent(survey, n) for n in range(5)]
    hourly_motions()
    run_waiting()
    found = Subject.objects.order_by("pk").values_list("fitted_rate", flat=True)
    assert list(found) == pytest.approx([of_page(scientist, each) for each in rows], rel=1e-9)
    job = MotionFit.objects.get()
    assert (job.state, job.done, job.total) == ("done", 5, 5)
    hourly_motions()
    assert MotionFit.objects.count() == 1


def test_a_fit_that_the_settings_overtook_stores_nothing(survey):
    bent(survey)
    old = stored_rates.start_fit(survey)
    change_survey(survey=survey, seeing=9.0)
    stored_rates.fit_stored(MotionFit.objects.claim(old.pk))
    assert Subject.objects.get().fitted_rate is None
    run_waiting()
    assert Subject.objects.get().fitted_rate is not None
    assert [job.state for job in MotionFit.objects.all()] == ["done", "done"]


@pytest.mark.django_db(transaction=True)
def test_a_fit_waits_for_subjects_that_somebody_works_on_and_nobody_for_it(survey):
    subject = bent(survey)
    fit = beside(lambda: stored_rates.fit_stored(MotionFit.objects.claim(stored_rates.start_fit(survey).pk)))
    with transaction.atomic():
        Subject.objects.lock()
        fit.start()
        wait_until_somebody_waits(fit)
        with transaction.atomic():
            change_survey(survey=survey, seeing=5.0)
    fit.join()
    run_waiting()
    subject.refresh_from_db()
    assert subject.fitted_rate == stored_rates.rates_of(fit_motions([subject.pk], seeing=5.0, floor=0.1))[0]
    assert set(MotionFit.objects.values_list("state", flat=True)) == {"done"}


def test_a_failed_fit_is_tried_again_a_day_later(survey):
    bent(survey)
    job = stored_rates.start_fit(survey)
    MotionFit.objects.update(state="failed")
    assert stored_rates.surveys_to_fit() == []
    MotionFit.objects.update(created_at=job.created_at - DAILY)
    assert stored_rates.surveys_to_fit() == [survey]
