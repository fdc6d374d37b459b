"""Rows have the values of the manifest."""

import numpy as np
import pytest
from astropy.io import fits

from tests.integration.archive.sky import (
    assert_archive_equals,
    counters,
    kept,
    make_sky,
    make_survey,
    problems,
    row,
    run_ingest,
    store,
    write_cube,
    write_manifest,
)
from webapp.archive.models import Exposure, Frame, Subject, SubjectSet, Survey

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey():
    return make_survey(classes=["AST", "CR"], positive=["AST"])


def test_every_stamp_of_a_manifest_comes_in_bit_for_bit(survey, tmp_path):
    truth = make_sky(tmp_path / "night", 50)
    run = run_ingest(survey, tmp_path / "night")
    assert (run.state, run.error) == ("done", "")
    assert counters(run) == {"done": 50, "added": 50, "known": 0, "duplicates": 0, "bad": 0}
    assert run.total == 50
    assert_archive_equals(survey, truth)
    assert SubjectSet.objects.get().name == "night"


def test_many_batches_fill_one_array_without_a_gap(survey, tmp_path, monkeypatch):
    monkeypatch.setattr("webapp.archive.ingest.store.ROWS", 20)
    truth = make_sky(tmp_path / "night", 150)
    run_ingest(survey, tmp_path / "night")
    assert_archive_equals(survey, truth)
    assert sorted(Subject.objects.values_list("zarr_index", flat=True)) == list(range(150))
    assert store().length("atlas", "1x1x8x8-float32") == 150


def test_a_tracklet_keeps_the_time_place_and_exposure_of_each_frame(survey, tmp_path):
    pixels = write_cube(tmp_path / "a.fits", planes=8)
    times = {f"mjd{number}": 60600 + number / 100 for number in range(1, 5)}
    places = {f"ra{number}": 10 + number / 1000 for number in range(1, 5)}
    places |= {f"dec{number}": -5 + number / 1000 for number in range(1, 5)}
    common = {"kind": "tracklet", "exptime": 30, "band": "o", "mag": 19.5, "rate": 71.8} | times | places
    common |= {"rms_ra": 0.3, "rms_dec": 0.2, "rms_corr": -0.5, "rms_corr2": 0.25}
    write_manifest(
        tmp_path,
        [
            row("t1", image="a.fits", **common, planes="0:4", plane="", **{"#snr": 9.1}),
            row("t2", image="a.fits", **common, planes="4:8", plane="", **{"#snr": 3.3}),
        ],
    )
    assert run_ingest(survey, tmp_path / "manifest.csv").added == 2
    np.testing.assert_array_equal(kept(survey)["t2"], pixels[4:, None])
    subject = Subject.objects.get(external_id="t1")
    assert (subject.kind, subject.ra, subject.dec, subject.rate) == ("tracklet", 10.5, -5.25, 71.8)
    assert subject.mjd == pytest.approx(60600.01)
    assert subject.metadata == {"#snr": "9.1"}
    frames = list(subject.frames.all())
    assert [frame.position for frame in frames] == [0, 1, 2, 3]
    assert [frame.mjd_mid for frame in frames] == pytest.approx(list(times.values()))
    assert [(frame.ra, frame.dec) for frame in frames] == [
        pytest.approx((10 + number / 1000, -5 + number / 1000)) for number in range(1, 5)
    ]
    assert {(frame.exptime, frame.band, frame.mag) for frame in frames} == {(30.0, "o", 19.5)}
    assert set(Subject.objects.values_list("mag", flat=True)) == {19.5}
    assert {(frame.rms_ra, frame.rms_dec) for frame in frames} == {(0.3, 0.2)}
    assert [frame.rms_corr for frame in frames] == [-0.5, 0.25, -0.5, -0.5]
    assert frames[2].mjd_keyword == "mjd3 of the manifest"
    assert Exposure.objects.count() == 4, "both tracklets were cut from the same four exposures"
    assert frames[0].exposure == Frame.objects.get(subject__external_id="t2", position=0).exposure


def test_a_header_gives_time_and_wcs_where_the_manifest_says_nothing(survey, tmp_path):
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.5, "CRVAL2": -5.25, "CRPIX1": 4.5, "CRPIX2": 4.5}
    header = fits.Header([("MJD-OBS", 60600.0), ("EXPTIME", 86.4), ("FILTER", "r"), *cards.items()])
    fits.writeto(tmp_path / "a.fits", np.ones((8, 8), np.float32), header)
    assert run_ingest(survey, tmp_path / "a.fits").added == 1
    frame = Frame.objects.get()
    assert frame.mjd_mid == pytest.approx(60600.0005)
    assert (frame.mjd_keyword, frame.exptime, frame.band) == ("MJD-OBS + EXPTIME/2", 86.4, "r")
    assert frame.wcs["CRVAL1"] == 10.5
    assert frame.exposure.external_id == "60600.000500 r"


def test_a_wcs_that_holds_no_numbers_is_left_out(survey, tmp_path):
    header = fits.Header([("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CRVAL1", 10.5)])
    path = tmp_path / "a.fits"
    fits.writeto(path, np.ones((8, 8), np.float32), header)
    path.write_bytes(path.read_bytes().replace(b"CRVAL1  =                 10.5", b"CRVAL1  =               1.E999"))
    assert run_ingest(survey, path).added == 1
    frame = Frame.objects.get()
    assert frame.wcs is None
    assert frame.exposure is None


def test_masked_pixels_are_counted_by_frame_and_kept_as_nan(survey, tmp_path):
    pixels = write_cube(tmp_path / "a.fits", planes=3)
    pixels[1, :4] = np.nan
    fits.writeto(tmp_path / "a.fits", pixels, overwrite=True)
    run_ingest(survey, tmp_path / "a.fits", kind="tracklet")
    assert list(Frame.objects.values_list("masked_fraction", flat=True)) == [0, 0.5, 0]
    np.testing.assert_array_equal(kept(survey)["a.fits"][:, 0], pixels)


def test_gold_is_learnt_from_and_any_other_label_is_hidden(survey, tmp_path):
    write_cube(tmp_path / "a.fits")
    write_manifest(
        tmp_path,
        [
            row("gold", image="a.fits", plane=0, label="AST", gold=1, object_group="Ceres"),
            row("said", image="a.fits", plane=1, label="AST", gold=0, object_group=""),
            row("open", image="a.fits", plane=2, label="", gold="", object_group=""),
        ],
    )
    run_ingest(survey, tmp_path)
    gold, said, unlabelled = (Subject.objects.get(external_id=name) for name in ("gold", "said", "open"))
    assert (gold.gold_label, gold.gold_source, gold.metadata, gold.object_group) == ("AST", "manifest", {}, "Ceres")
    assert (said.gold_label, said.gold_source, said.metadata) == ("", "", {"#label": "AST"})
    assert (unlabelled.gold_label, unlabelled.metadata, unlabelled.object_group) == ("", {}, "open")


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"label": "STARR", "gold": 1}, "its gold label is “STARR”; it must be one of AST, CR, yes, no"),
        ({"label": "", "gold": 1}, "`gold` is true, but `label` is empty"),
        ({"external_id": "x" * 201}, "`external_id` has 201 characters; 200 are allowed"),
        ({"object_group": "x" * 201}, "`object_group` has 201 characters"),
        ({"band": "x" * 21}, "`band` must be a short text"),
        ({"note": "a\0b"}, "its metadata holds a NUL character"),
    ],
)
def test_a_row_that_the_database_cannot_hold_is_bad_and_the_next_is_not(survey, tmp_path, cells, sentence):
    pixels = write_cube(tmp_path / "a.fits")
    bad = {"label": "", "gold": "", "object_group": "", "band": "o", "note": ""}
    write_manifest(tmp_path, [row("bad", image="a.fits", plane=0, **bad) | cells, row("good", image="a.fits", plane=1)])
    run = run_ingest(survey, tmp_path)
    assert (run.state, run.added, run.bad) == ("done", 1, 1)
    assert sentence in problems(run)["manifest.csv", 2]
    assert_archive_equals(survey, {"good": pixels[1]})


def test_gold_of_a_survey_without_classes_is_yes_or_no(survey, tmp_path):
    """Another label would count as no."""
    Survey.objects.filter(pk=survey.pk).update(classes=[], positive=[])
    pixels = write_cube(tmp_path / "a.fits")
    of = {"image": "a.fits", "gold": 1}
    write_manifest(tmp_path, [row("star", plane=0, label="AST", **of), row("real", plane=1, label="yes", **of)])
    run = run_ingest(survey, tmp_path)
    assert (run.added, run.bad) == (1, 1)
    assert "it must be one of yes, no. First add others" in problems(run)["manifest.csv", 2]
    assert_archive_equals(survey, {"real": pixels[1]})


def test_integers_keep_their_type(survey, tmp_path):
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8)
    np.save(tmp_path / "a.npy", pixels)
    run_ingest(survey, tmp_path / "a.npy")
    found = kept(survey)["a.npy"]
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found[0, 0], pixels)


def test_subjects_of_different_shape_go_to_arrays_of_their_own(survey, tmp_path):
    for side in (8, 9):
        write_cube(tmp_path / f"{side}.fits", side=side)
    write_manifest(
        tmp_path, [row(f"{side}-{plane}", image=f"{side}.fits", plane=plane) for plane in range(16) for side in (8, 9)]
    )
    assert run_ingest(survey, tmp_path).added == 32
    assert store().arrays("atlas") == ["1x1x8x8-float32", "1x1x9x9-float32"]
    assert {pixels.shape[-1] for name, pixels in kept(survey).items() if name.startswith("9")} == {9}
