"""`manage.py ingest` in a terminal."""

import re

import numpy as np
import pytest
from astropy.io import fits
from django.core.management import CommandError, call_command

from tests.integration.archive.sky import (
    SIDE,
    assert_archive_equals,
    make_sky,
    make_survey,
    row,
    write_cube,
    write_manifest,
)
from webapp.archive.ingest.pixel_writer import PixelWriter
from webapp.archive.models import IngestProblem, IngestRun, Subject, SubjectSet, Survey
from webapp.console.management.commands import ingest as command
from webapp.core.environment import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")


def test_it_ingests_and_says_what_came_of_it(tmp_path, capsys):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 20)
    call_command("ingest", str(tmp_path / "night"), survey="atlas")
    said = capsys.readouterr().out
    assert "20  added" in said
    assert "0  known by their external_id" in said
    assert_archive_equals(survey, truth)
    assert IngestRun.objects.get().state == "done"


def test_the_readmes_command_works_on_a_site_without_a_survey(tmp_path):
    make_sky(tmp_path / "night", 3)
    (said,) = re.findall(r"manage\.py (ingest .*?) +#", (ROOT / "README.md").read_text())
    meant = {"PATH": str(tmp_path / "night"), "S": "atlas"}
    call_command(*[meant.get(word, word) for word in said.split()])
    assert Survey.objects.get().subjects.count() == 3


def test_the_set_may_be_named(tmp_path):
    survey = make_survey()
    make_sky(tmp_path / "night", 3)
    call_command("ingest", str(tmp_path / "night"), survey="atlas", subject_set="Tuesday")
    assert SubjectSet.objects.get(survey=survey, name="Tuesday").subjects.count() == 3


def test_bad_rows_are_listed_and_do_not_fail_the_command(tmp_path, capsys):
    make_survey()
    write_cube(tmp_path / "a.fits")
    write_manifest(tmp_path, [row("a", image="a.fits", plane=0), row("b", image="none.fits"), row("c", image="d.fits")])
    call_command("ingest", str(tmp_path), survey="atlas")
    said = capsys.readouterr().out
    assert "2  bad, and skipped" in said
    assert "manifest.csv row 3: none.fits: is not there." in said


def test_an_impossible_date_is_a_warning_and_the_subject_has_no_time(tmp_path, capsys, admin_client):
    survey = make_survey()
    for name, card in (("good", ("DATE-OBS", "2024-12-31")), ("bad", ("DATE-OBS", "2024-13-45")), ("none", ("A", 1))):
        pixels = np.full((SIDE, SIDE), len(name), np.float32)
        fits.writeto(tmp_path / f"{name}.fits", pixels, fits.Header([card]))
    call_command("ingest", str(tmp_path), survey="atlas")
    said = capsys.readouterr().out
    assert "1  added with a warning" in said
    assert "bad.fits row 1: is ingested without a time: DATE-OBS is “2024-13-45”, which is no date." in said
    assert dict(survey.subjects.values_list("external_id", "mjd")) == {
        "good.fits": 60675.0,
        "bad.fits": None,
        "none.fits": None,
    }
    run = IngestRun.objects.get()
    assert (run.state, run.added, run.bad) == ("done", 3, 0)
    assert [problem.is_warning for problem in run.problems.all()] == [True]
    page = admin_client.get(run.get_absolute_url()).text
    assert "Warnings" in page
    assert "which is no date" in page


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({}, ""),
        ({"mjd2": 60600.0, "mjd3": 60600.0}, "all its frames have one time, so it has no motion. Check mjd."),
        ({"mjd3": 60600.01}, "its frames 2 and 3 have one time and different places. Check mjd, ra and dec."),
        ({"ra3": 13.0}, "its frames 2 and 3 lie 3.0° apart, 299° a day: too fast for one object."),
        ({"ra3": 190.0, "dec3": -5.0}, "its frames 2 and 3 lie 180.0° apart"),
    ],
)
def test_detections_that_are_not_of_one_mover_are_a_warning(tmp_path, capsys, moved, said):
    make_survey()
    write_cube(tmp_path / "a.fits", planes=3)
    places = {"mjd1": 60600.0, "mjd2": 60600.01, "mjd3": 60600.02, "ra1": 10.0, "ra2": 10.001, "ra3": 10.002}
    places |= {"dec1": 5.0, "dec2": 5.0, "dec3": 5.0}
    write_manifest(tmp_path, [{"external_id": "a", "image": "a.fits", "kind": "tracklet"} | places | moved])
    call_command("ingest", str(tmp_path), survey="atlas")
    assert said in capsys.readouterr().out
    run = IngestRun.objects.get()
    assert (run.added, run.bad, run.problems.count()) == (1, 0, int(bool(said)))
    assert [(each.row, each.is_warning) for each in run.problems.all()] == [(2, True)] * bool(said)


def test_it_tells_how_many_known_subjects_join_the_set(tmp_path, capsys):
    make_survey()
    make_sky(tmp_path / "night", 3)
    call_command("ingest", str(tmp_path / "night"), survey="atlas")
    call_command("ingest", str(tmp_path / "night"), survey="atlas", subject_set="Tuesday")
    assert "3  of them added to the set “Tuesday”" in capsys.readouterr().out


def test_it_fails_when_nothing_could_be_read(tmp_path):
    make_survey()
    write_manifest(tmp_path, [row("a", image="none.fits")])
    with pytest.raises(CommandError, match=r"Nothing could be read\. manifest\.csv row 2: none\.fits: is not there"):
        call_command("ingest", str(tmp_path), survey="atlas")


def test_a_missing_survey_is_a_sentence_and_create_makes_it(tmp_path):
    make_survey("ztf")
    make_sky(tmp_path / "night", 3)
    with pytest.raises(CommandError, match=r"no survey “atlas” \(existing: ztf\)\. Add --create"):
        call_command("ingest", str(tmp_path / "night"), survey="atlas")
    assert not IngestRun.objects.exists()
    call_command("ingest", str(tmp_path / "night"), survey="atlas", create=True)
    assert Survey.objects.get(slug="atlas").subjects.count() == 3
    with pytest.raises(CommandError, match=r"“\.\./x” cannot name a survey"):
        call_command("ingest", str(tmp_path / "night"), survey="../x", create=True)


def test_create_leaves_no_survey_behind_where_nothing_can_be_ingested(tmp_path):
    write_cube(tmp_path / "a.fits")
    write_manifest(tmp_path, [row("a", image="a.fits", plane=0, label="AST", gold=1)])
    with pytest.raises(CommandError, match=r"its gold label is “AST”.* Nor was the survey “atlas” created\."):
        call_command("ingest", str(tmp_path), survey="atlas", create=True)
    assert not Survey.objects.exists()
    make_survey(classes=[], positive=[])
    with pytest.raises(CommandError, match="its gold label is “AST”"):
        call_command("ingest", str(tmp_path), survey="atlas", create=True)
    assert Survey.objects.exists(), "it was there before"


def test_a_path_that_is_not_there_is_a_sentence(tmp_path):
    make_survey()
    with pytest.raises(CommandError, match=r"nowhere is not there\. Check the path"):
        call_command("ingest", str(tmp_path / "nowhere"), survey="atlas")


def test_a_dry_run_says_what_would_happen_and_writes_nothing_at_all(tmp_path, capsys):
    make_sky(tmp_path / "night", 20)
    (tmp_path / "night" / "cube-0001.fits").unlink()
    call_command("ingest", str(tmp_path / "night"), survey="atlas", create=True, dry_run=True)
    said = capsys.readouterr().out
    assert "16  would be added" in said
    assert "manifest.csv row 18: cube-0001.fits: is not there." in said
    for model in (Survey, IngestRun, IngestProblem, Subject, SubjectSet):
        assert not model.objects.exists()
    assert not (tmp_path / "pixels").exists()


def test_an_interrupt_ends_the_run_and_the_same_command_goes_on(tmp_path, monkeypatch, capsys):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 60)
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", 16)

    def interrupted(run, *, watch, **options):
        def watch_for_a_while(run):
            if run.done > 20:
                raise KeyboardInterrupt

        ingest(run, watch=watch_for_a_while, **options)

    ingest = command.ingest
    with monkeypatch.context() as patched:
        patched.setattr(command, "ingest", interrupted)
        with pytest.raises(SystemExit) as ended:
            call_command("ingest", str(tmp_path / "night"), survey="atlas")
    assert ended.value.code == 130
    assert "are stored; run the same command again to continue" in capsys.readouterr().out
    assert IngestRun.objects.get().state == "cancelled"
    assert 0 < Subject.objects.count() < 60
    call_command("ingest", str(tmp_path / "night"), survey="atlas")
    assert_archive_equals(survey, truth)


def test_what_nobody_foresaw_is_a_sentence_and_fails_the_run(tmp_path, monkeypatch):
    survey = make_survey()
    truth = make_sky(tmp_path / "night", 60)
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", 16)
    put = PixelWriter.put

    def full(writer, candidates):
        if writer._free:
            raise OSError(28, "No space left on device")
        return put(writer, candidates)

    with monkeypatch.context() as patched:
        patched.setattr(PixelWriter, "put", full)
        with pytest.raises(CommandError, match=r"No space left on device\. .* run the same command again to continue"):
            call_command("ingest", str(tmp_path / "night"), survey="atlas")
    assert "No space left" in IngestRun.objects.get().error
    call_command("ingest", str(tmp_path / "night"), survey="atlas")
    assert_archive_equals(survey, truth)
