"""Errors are reported with their row, the other rows are ingested, and nothing is stored partially."""

import gzip
import struct

import numpy as np
import pytest
from astropy.io import fits

from tests.integration.archive.sky import (
    assert_archive_equals,
    make_survey,
    problems,
    row,
    run_ingest,
    store,
    write_cube,
    write_manifest,
)
from webapp.archive.ingest import store as store_batches
from webapp.archive.models import Exposure, Frame, Subject, SubjectSet

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey():
    return make_survey()


def truncated(folder):
    write_cube(folder / "bad.fits")
    whole = (folder / "bad.fits").read_bytes()
    (folder / "bad.fits").write_bytes(whole[: len(whole) // 2])
    return "bad.fits"


def nothing_but_nan(folder):
    fits.writeto(folder / "bad.fits", np.full((8, 8), np.nan, np.float32))
    return "bad.fits"


def no_pixels(folder):
    header = b"".join(
        card.ljust(80).encode()
        for card in ("SIMPLE  = T", "BITPIX  = -32", "NAXIS   = 2", "NAXIS1  = 0", "NAXIS2  = 8", "END")
    )
    (folder / "bad.fits").write_bytes(header.ljust(2880))
    return "bad.fits"


def ten_gigabytes_claimed(folder):
    header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), ("NAXIS1", 50_000), ("NAXIS2", 50_000)])
    (folder / "bad.fits").write_bytes(header.tostring().encode())
    return "bad.fits"


def gzip_bomb(folder):
    header = fits.Header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", 30_000), ("NAXIS2", 30_000)])
    with gzip.open(folder / "bad.fits.gz", "wb", compresslevel=1) as file:
        file.write(header.tostring().encode())
        for _ in range(300):
            file.write(bytes(1024**2))
    return "bad.fits.gz"


def empty(folder):
    (folder / "bad.fits").touch()
    return "bad.fits"


def missing(folder):
    return "bad.fits"


def outside(folder):
    write_cube(folder.parent / "secret.fits")
    return "../secret.fits"


def outside_by_a_link(folder):
    write_cube(folder.parent / "secret.fits")
    (folder / "bad.fits").symlink_to(folder.parent / "secret.fits")
    return "bad.fits"


def absolute(folder):
    return "/etc/hostname.fits"


def pickled(folder):
    np.save(folder / "bad.npy", np.array([[object()]]), allow_pickle=True)
    return "bad.npy"


def huge_png(folder):
    (folder / "bad.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    )
    return "bad.png"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (truncated, "it is truncated, or its header is wrong"),
        (nothing_but_nan, "every pixel is NaN"),
        (no_pixels, "0 pixels: nothing to look at"),
        (ten_gigabytes_claimed, "claims 10 GB of data"),
        (gzip_bomb, "unpacks to more than"),
        (empty, "is empty"),
        (missing, "is not there"),
        (outside, "lies outside the manifest's folder"),
        (outside_by_a_link, "lies outside the manifest's folder"),
        (absolute, "is not a path within the manifest's folder"),
        (pickled, "is not a readable npy file of numbers"),
        (huge_png, ""),
    ],
)
def test_a_bad_file_is_named_with_its_row_and_the_good_ones_come_in(survey, tmp_path, make, sentence):
    folder = tmp_path / "night"
    pixels = write_cube(folder / "good.fits")
    name = make(folder)
    rows = [row("one", image="good.fits", plane=0), row("bad", image=name), row("two", image="good.fits", plane=1)]
    run = run_ingest(survey, write_manifest(folder, rows))
    assert (run.state, run.added, run.bad, run.done) == ("done", 2, 1, 3)
    found = problems(run)
    assert list(found) == [("manifest.csv", 3)]
    assert found["manifest.csv", 3].startswith(f"{name}: ")
    assert sentence in found["manifest.csv", 3]
    assert_archive_equals(survey, {"one": pixels[0], "two": pixels[1]})


def test_a_run_keeps_its_first_problems_and_counts_all(survey, tmp_path, monkeypatch):
    monkeypatch.setattr(store_batches, "MOST_PROBLEMS", 3)
    write_cube(tmp_path / "good.fits")
    bad = [row(f"bad-{number}", image="good.fits", plane="99") for number in range(5)]
    run = run_ingest(survey, write_manifest(tmp_path, [row("one", image="good.fits", plane=0), *bad]))
    assert (run.state, run.added, run.bad) == ("done", 1, 5)
    assert list(problems(run)) == [("manifest.csv", number) for number in (3, 4, 5)]


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"ra": "nan"}, "`ra` is “nan”"),
        ({"dec": "95"}, "`dec` is “95”"),
        ({"ra": ""}, "only one of `ra` and `dec`"),
        ({"plane": "99"}, "has planes 0 to 15, but the row asks for plane 99"),
        ({"kind": "tracklet", "plane": "0"}, "a tracklet has 3 to 8 frames, and this has 1"),
        ({"kind": "comet"}, "kind “comet” is not known"),
        ({"image": ""}, "names no image file"),
    ],
)
def test_a_bad_cell_is_named_with_its_row_and_the_good_ones_come_in(survey, tmp_path, cells, sentence):
    pixels = write_cube(tmp_path / "a.fits")
    rows = [row("bad", image="a.fits", plane=0) | cells, row("good", image="a.fits", plane=1)]
    run = run_ingest(survey, write_manifest(tmp_path, rows))
    assert (run.state, run.added, run.bad) == ("done", 1, 1)
    assert sentence in problems(run)["manifest.csv", 2]
    assert_archive_equals(survey, {"good": pixels[1]})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_a_byte_order_mark_and_any_line_ends_are_welcome(survey, tmp_path, encoding, newline):
    pixels = write_cube(tmp_path / "a.fits")
    rows = [row("ärger", image="a.fits", plane=0), row("two", image="a.fits", plane=1)]
    run = run_ingest(survey, write_manifest(tmp_path, rows, encoding=encoding, newline=newline))
    assert (run.state, run.added, run.bad) == ("done", 2, 0)
    assert_archive_equals(survey, {"ärger": pixels[0], "two": pixels[1]})


def no_image_column(folder):
    write_manifest(folder, [{"external_id": "a", "ra": 1, "dec": 2}])


def not_utf8(folder):
    rows = [row(f"n{number}", image="a.fits", plane=number % 16) for number in range(3000)]
    write_manifest(folder, [*rows, row("Größe", image="a.fits", plane=0)], encoding="latin-1")


def only_a_header(folder):
    (folder / "manifest.csv").write_text("external_id,image\n")


def empty_file(folder):
    (folder / "manifest.csv").touch()


def a_column_twice(folder):
    (folder / "manifest.csv").write_text("external_id,image,image\na,a.fits,a.fits\n")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (no_image_column, "no column holds image files: add a column `image`"),
        (not_utf8, "is not UTF-8 text (line 3002). Save it"),
        (only_a_header, "has no rows below its header"),
        (empty_file, "has no rows below its header. Add one for each image."),
        (a_column_twice, "the header names image more than once"),
    ],
)
def test_a_manifest_that_is_bad_as_a_whole_fails_the_run_and_writes_nothing(survey, tmp_path, make, sentence):
    write_cube(tmp_path / "a.fits")
    make(tmp_path)
    run = run_ingest(survey, tmp_path)
    assert run.state == "failed"
    assert run.error.startswith("manifest.csv: ")
    assert sentence in run.error
    assert run.error.endswith("Nothing was ingested.")
    assert_nothing_written(tmp_path)


def test_a_run_whose_every_row_is_bad_fails_and_lists_them(survey, tmp_path):
    run = run_ingest(survey, write_manifest(tmp_path, [row(name, image=f"{name}.fits") for name in ("a", "b")]))
    assert (run.state, run.bad) == ("failed", 2)
    assert run.error.startswith("Nothing could be read. All 2 rows or files are bad; the first: manifest.csv row 2: ")
    assert "a.fits: is not there" in run.error
    assert len(problems(run)) == 2
    assert_nothing_written(tmp_path)


def assert_nothing_written(folder):
    assert not Subject.objects.exists()
    assert not Frame.objects.exists()
    assert not Exposure.objects.exists()
    assert not SubjectSet.objects.exists()
    assert store().arrays("atlas") == []


def test_a_folder_of_files_reports_the_bad_ones_by_their_names(survey, tmp_path):
    folder = tmp_path / "night"
    pixels = write_cube(folder / "below" / "good.fits", planes=1)
    (folder / "bad.fits").write_text("not FITS")
    (folder / "worse.avro").write_text("not Avro")
    run = run_ingest(survey, folder, kind="stamp")
    assert (run.state, run.added, run.bad) == ("done", 1, 2)
    found = problems(run)
    assert "is not a FITS file" in found["bad.fits", None]
    assert "is not a whole Avro file" in found["worse.avro", None]
    assert_archive_equals(survey, {"below/good.fits": pixels[0]})


def test_a_folder_without_anything_to_read_fails_the_run(survey, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    run = run_ingest(survey, tmp_path)
    assert run.state == "failed"
    assert "holds no manifest.csv and no file that can be read" in run.error
