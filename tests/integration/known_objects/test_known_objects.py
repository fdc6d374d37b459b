"""Subjects are compared with the orbits of known objects; what is settled and near none is unidentified."""

import csv
import html
import math

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from ml.sky.packed import unpack_designation
from tests.integration.known_objects.matching import ORBITS, UTC, listed_as_csv, run, settle
from tests.integration.learning import sky
from tests.integration.people import browser, member
from tests.integration.world import make_volunteer, vote
from webapp.archive.models import Frame, Survey
from webapp.consensus.models import Consensus
from webapp.core.jobs import JobState
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue
from webapp.known_objects.unidentified import identified, movers, unidentified
from webapp.queue.models import QueueEntry
from webapp.review.rulings import rule, withdraw_ruling
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db


def test_a_catalogue_is_loaded_once_and_its_files_are_kept(catalogue, capsys):
    assert (catalogue.orbits, catalogue.bad_lines, catalogue.epoch) == (20, 0, 61000.0)
    assert catalogue.asteroid_file.read_bytes() == (ORBITS / "mpcorb.dat").read_bytes()
    call_command("load_orbits", str(ORBITS / "mpcorb.dat"))
    assert OrbitCatalogue.objects.count() == 1
    assert "20 orbits, epoch MJD 61000.0." in capsys.readouterr().out


def test_a_file_without_orbits_changes_nothing(catalogue, tmp_path):
    (tmp_path / "bad").write_text("nothing\n")
    for arguments in ([str(tmp_path / "bad")], [str(tmp_path / "missing")], []):
        with pytest.raises(CommandError):
            call_command("load_orbits", *arguments)
    assert OrbitCatalogue.objects.get() == catalogue


def test_subjects_get_their_candidates(catalogue, survey, places):
    job = run(survey)
    assert (job.state, job.done, job.total) == (JobState.DONE, 4, 4)
    assert str(job.message) == "2 of 4 newly compared subjects have a known object near them."
    first, second, nowhere, lost = survey.subjects.order_by("pk")
    names = [row.known_matches.get().designation for row in (first, second)]
    assert names == [unpack_designation(places[at][0]) for at in (0, 1)]
    assert first.known_matches.get().separation < 0.1
    assert first.identity_check.orbit_days == pytest.approx(30, abs=0.01)
    assert (nowhere.identity_check.detections, nowhere.identity_check.candidates) == (1, 0)
    assert lost.identity_check.detections == 0


def test_objects_farther_away_are_told_but_make_nothing_known(catalogue, survey, places):
    scientist = browser(member(survey, "scientist"))
    near, far, *_ = survey.subjects.order_by("pk")
    near.dec, far.dec = near.dec + 90 / 3600, far.dec + 150 / 3600
    near.save()
    far.save()
    settle(survey)
    for _ in range(2):
        run(survey)
        told = near.nearby_objects.get()
        assert (told.designation, round(told.separation)) == (unpack_designation(places[0][0]), 90)
        assert not KnownMatch.objects.exists()
        assert not far.nearby_objects.exists()
        assert near in unidentified(survey)
    page = html.unescape(scientist.get(reverse("motion", args=["night", near.pk])).content.decode())
    assert "can't be, by their orbits and errors" in page
    assert page.count(f"<th>{told.designation}</th>") == 1
    assert "can't be, by their orbits" not in html.unescape(
        scientist.get(reverse("motion", args=["night", far.pk])).content.decode()
    )


def test_a_spacecraft_is_where_the_manifest_says(catalogue, survey):
    survey.observatory = "250"  # Hubble: no fixed place
    survey.save()
    assert run(survey).state == JobState.FAILED
    first, second, *rest = survey.subjects.order_by("pk")
    at_the_centre = {f"obs_{axis}": "0" for axis in "xyz"}
    for row in (first, *rest):
        row.metadata = at_the_centre
        row.save()
    second.metadata = {"#obs_x1": 1.5e6, "#obs_y1": "1.5e6", "#obs_z1": 0}  # km: as far as L2, so off by parallax
    second.save()
    assert str(run(survey).message) == "1 of 4 newly compared subjects have a known object near them."
    assert first.known_matches.get().separation < 0.1


def test_what_a_spacecraft_sees_moves_against_its_velocity(catalogue, survey):
    first = survey.subjects.order_by("pk").first()
    rates = []
    for speed in (0, 7.5):
        first.metadata = {f"obs_{axis}1": 0 for axis in "xyz"} | {"obs_vx1": 0, "obs_vy1": speed, "obs_vz1": 0}
        first.save()
        IdentityCheck.objects.all().delete()
        run(survey)
        rates.append(first.known_matches.get().rate)
    assert abs(rates[1] - rates[0]) > 1  # arcsec per hour


def test_settled_movers_near_nothing_are_unidentified(catalogue, survey):
    settle(survey)
    assert not unidentified(survey).exists()  # not compared yet
    run(survey)
    first, second, nowhere, _ = survey.subjects.order_by("pk")
    assert list(unidentified(survey)) == [nowhere]
    assert set(identified(survey)) == {first, second}
    Consensus.objects.update(posterior=0.01)
    assert not unidentified(survey).exists()
    nowhere.gold_label, nowhere.gold_source = "yes", "ruling"
    nowhere.save()
    assert list(unidentified(survey)) == [nowhere]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("cutout", "Not compared: neither the champion nor a volunteer has found a trail"),
        ("cube", "Not compared: neither the champion nor a volunteer has found a mover"),
    ],
)
def test_what_shows_a_whole_field_is_not_compared_at_its_centre(catalogue, survey, kind, why):
    survey.subjects.update(kind=kind)
    settle(survey)
    run(survey)
    assert not identified(survey).exists()
    assert not unidentified(survey).exists()
    row = survey.subjects.order_by("pk").first()
    client = browser(member(survey, "scientist"))
    page = client.get(reverse("motion", args=["night", row.pk])).content.decode()
    assert why in html.unescape(page)
    listed = client.get(reverse("subjects", args=["night"]), {"known": "open"}).context["subjects"]
    assert len(listed) == 4


def test_a_tracklet_matches_where_half_of_its_frames_do(catalogue, places):
    survey = sky.survey("night")
    rows = sky.subjects(survey, [True] * 2, kind="tracklet", frames=4)
    _, ra, dec = places[0]
    for row, near in zip(rows, (2, 1), strict=True):
        Frame.objects.bulk_create(
            Frame(subject=row, position=n, mjd_mid=UTC, ra=ra, dec=dec + (0 if n < near else 1)) for n in range(4)
        )
    run(survey)
    assert [row.known_matches.count() for row in rows] == [1, 0]
    assert rows[0].known_matches.get().detections == 2


def test_residuals_have_the_errors_of_orbit_and_detections(catalogue, places):
    survey = sky.survey("night", seeing=2.355, position_floor=0.3)
    own, by_snr = sky.subjects(survey, [True] * 2, kind="tracklet", frames=4)
    _, ra, dec = places[0]
    for row, given in ((own, {"rms_ra": 0.6, "rms_dec": 0.8}), (by_snr, {"snr": 2.5})):
        Frame.objects.bulk_create(
            Frame(subject=row, position=n, mjd_mid=UTC, ra=ra, dec=dec + 1 / 3600, **given) for n in range(4)
        )
    run(survey)
    for row, one in ((own, 0.8), (by_snr, 0.5)):  # hypot(0.3, 1 / 2.5)
        match = row.known_matches.get()
        assert match.sigma_across == pytest.approx(math.hypot(one / 2, 0.1))  # of the mean of four
        assert match.sigma_along == pytest.approx(math.hypot(match.orbit_error, one / 2, 0.1))
        assert match.sigmas == pytest.approx(
            math.hypot(match.along / match.sigma_along, match.across / match.sigma_across)
        )
        assert match.orbit_days == pytest.approx(30, abs=0.01)
    client = browser(member(survey, "scientist"))
    page = client.get(reverse("known-objects", args=["night"]), {"show": "identified"}).content.decode()
    assert f"{match.along:.2f}&nbsp;±&nbsp;{match.sigma_along:.2f}" in page
    line = next(csv.DictReader(listed_as_csv(client, "identified").splitlines()))
    assert float(line["sigma_along"]) == pytest.approx(match.sigma_along)
    assert float(line["sigmas"]) == pytest.approx(match.sigmas)


def test_sure_matches_become_gold_where_the_workflow_says_so(catalogue, survey, tmp_path):
    asks, other = sky.workflow(survey, known_objects_are_gold=True), sky.workflow(survey, slug="other")
    rows = list(survey.subjects.order_by("pk"))
    rows[1].dec += 4 / 3600  # near, but not sure
    rows[1].save()
    for workflow in (asks, other):
        sky.queue(workflow, rows)
    run(survey)
    assert [row.known_matches.count() for row in rows] == [1, 1, 0, 0]
    labels = list(survey.subjects.order_by("pk").values_list("gold_label", "gold_source"))
    assert labels == [("yes", "known orbit"), ("", ""), ("", ""), ("", "")]
    assert list(survey.subjects.exclude(gold_changed_at=None)) == rows[:1]  # so that a training may start
    entries = QueueEntry.objects.filter(is_gold=True)
    assert [(entry.workflow, entry.subject) for entry in entries] == [(asks, rows[0])]
    assert rows[0] in movers(survey)
    run_without_the_first_object(survey, tmp_path)
    assert not survey.subjects.exclude(gold_label="").exists()
    assert not QueueEntry.objects.filter(is_gold=True).exists()


def run_without_the_first_object(survey, folder):
    (folder / "newer").write_text("\n".join((ORBITS / "mpcorb.dat").read_text().splitlines()[4:]))
    call_command("load_orbits", str(folder / "newer"))
    run(survey)


def test_gold_of_a_known_orbit_comes_back_after_verdicts_and_newer_orbits_still_take_it(catalogue, survey, tmp_path):
    workflow, scientist = sky.workflow(survey, known_objects_are_gold=True), member(survey, "scientist")
    sky.queue(workflow, list(survey.subjects.order_by("pk")))
    run(survey)
    subject = survey.subjects.order_by("pk").first()
    for verdict in ("no", "yes"):  # the second one replaces the first
        ruling = rule(subject=subject, workflow=workflow, scientist=scientist, verdict=verdict)
    withdraw_ruling(ruling=ruling, by=scientist)
    subject.refresh_from_db()
    assert (subject.gold_label, subject.gold_source) == ("yes", "known orbit")
    assert subject in movers(survey)
    run_without_the_first_object(survey, tmp_path)
    subject.refresh_from_db()
    assert subject.gold_label == ""


def test_a_known_class_stays_and_without_the_workflows_word_nothing_becomes_gold(catalogue, survey):
    sky.queue(sky.workflow(survey), list(survey.subjects.order_by("pk")))
    run(survey)
    assert not survey.subjects.exclude(gold_label="").exists()
    Workflow.objects.update(known_objects_are_gold=True)
    survey.subjects.update(gold_label="no", gold_source="ruling")
    IdentityCheck.objects.all().delete()
    run(survey)
    assert set(survey.subjects.values_list("gold_label", "gold_source")) == {("no", "ruling")}


def test_repeated_and_later_matches_count_nothing_twice(catalogue, survey):
    run(survey)
    assert run(survey).total == 0
    IdentityCheck.objects.all().delete()
    run(survey)
    assert (KnownMatch.objects.count(), IdentityCheck.objects.count()) == (2, 4)


def test_a_new_catalogue_is_compared_with_everything_again(catalogue, survey, tmp_path):
    run(survey)
    (tmp_path / "newer").write_text("\n".join((ORBITS / "mpcorb.dat").read_text().splitlines()[4:]))
    call_command("load_orbits", str(tmp_path / "newer"))
    assert run(survey).total == 4
    assert KnownMatch.objects.count() == 1  # the first object is gone from the new file


def test_a_pole_equal_times_one_detection_and_missing_magnitudes_do_no_harm(catalogue, places):
    survey = sky.survey("night")
    rows = sky.subjects(survey, [True] * 3, kind="tracklet", frames=2)
    _, ra, dec = places[0]
    spots = [[(ra, dec), (ra, dec)], [(10.0, 90.0), (200.0, -90.0)], [(ra, dec)]]
    for row, spot in zip(rows, spots, strict=True):
        Frame.objects.bulk_create(
            Frame(subject=row, position=n, mjd_mid=UTC, ra=east, dec=north, mag=math.nan)
            for n, (east, north) in enumerate(spot)
        )
    assert run(survey).state == JobState.DONE
    assert [row.known_matches.count() for row in rows] == [1, 0, 1]
    settle(survey)
    client = browser(member(survey, "scientist"))
    for show in ("identified", "unidentified"):
        assert client.get(reverse("known-objects", args=["night"]), {"show": show}).status_code == 200
    for row in rows:
        assert client.get(reverse("motion", args=["night", row.pk])).status_code == 200


def test_detections_whose_observer_nobody_knows_do_not_stop_the_others(catalogue, survey):
    Survey.objects.update(observatory="250")
    placed, *_others = survey.subjects.order_by("pk")
    placed.metadata = {f"obs_{axis}": "0" for axis in "xyz"}
    placed.save()
    job = run(survey)
    assert job.state == JobState.DONE
    assert "1 of 4 newly compared subjects have a known object near them. 2 detections were left" in str(job.message)
    assert list(IdentityCheck.objects.order_by("subject").values_list("detections", flat=True)) == [1, 0, 0, 0]


def test_many_subjects_cost_few_queries(catalogue, survey, django_assert_max_num_queries):
    sky.subjects(survey, np.ones(60, bool), prefix="more", mjd=UTC, ra=10.0, dec=-80.0)
    settle(survey)
    run(survey)
    client = browser(member(survey, "scientist"))
    with django_assert_max_num_queries(25):
        client.get(reverse("known-objects", args=["night"]))


def test_movers_that_a_majority_of_votes_settled_are_listed(survey):
    workflow = sky.workflow(survey, method="majority", min_votes=3, undo_seconds=0)
    real, bogus, split, _ = survey.subjects.order_by("pk")
    sky.queue(workflow, [real, bogus, split])
    for row, answers in ((real, ["yes"] * 3), (bogus, ["no"] * 3), (split, ["yes", "yes", "no"])):
        for answer in answers:
            vote(make_volunteer(), workflow, row, answer)
    assert list(movers(survey)) == [real]
