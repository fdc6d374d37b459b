"""Manifests in all supported dialects."""

import csv
import os

import numpy as np
import pytest
from astropy.io import fits

from ml.io.observer_place import observer_place
from ml.io.read_subjects import count, read_subjects
from ml.io.records import BadInput


def row(**cells):
    return {"external_id": "a", "image": "a.fits"} | cells


def test_a_cube_of_a_tracklet_gives_a_frame_for_each_plane(write_fits, write_manifest, subjects, sky_noise):
    pixels = sky_noise(4, 12, 10)
    write_fits("a.fits", pixels)
    times = {f"mjd{n}": 60000 + n / 100 for n in range(1, 5)}
    path = write_manifest(
        row(kind="tracklet", label="AST", gold="true", object_group="433", ra=10.5, dec=-3, exptime=30, band="o")
        | times
        | {"mag": 18.2, "rate": 30, "#snr": "7.5", "!hint": "left", "note": "seen twice"}
    )
    (subject,) = subjects(path)
    assert (subject.external_id, subject.kind, subject.label, subject.gold) == ("a", "tracklet", "AST", True)
    assert (subject.object_group, subject.ra, subject.dec, subject.rate) == ("433", 10.5, -3.0, 30.0)
    assert subject.metadata == {"#snr": "7.5", "!hint": "left", "note": "seen twice"}
    assert (subject.source, subject.row) == ("manifest.csv", 2)
    np.testing.assert_array_equal(subject.block(), pixels[:, None])
    assert [frame.mjd_mid for frame in subject.frames] == [60000.01, 60000.02, 60000.03, 60000.04]
    third = subject.frames[2]
    assert (third.mjd_keyword, third.exptime, third.band, third.mag) == ("mjd3 of the manifest", 30.0, "o", 18.2)


@pytest.mark.parametrize("numbers", [(1, 3, 4), (0, 1, 2), (2, 3, 4)])
def test_where_observer_and_object_were_follows_the_frames(numbers, write_fits, write_manifest, subjects, sky_noise):
    for n in numbers:
        write_fits(f"a{n}.fits", sky_noise(10, 10, seed=n))
    cells = {"external_id": "a"}
    for n in range(5):
        cells |= {f"image{n}": f"a{n}.fits" if n in numbers else "", f"mjd{n}": 60000 + n}
        cells |= {f"#obs_x{n}": 7000 + n, f"#obs_y{n}": 10, f"#obs_z{n}": 0.5, f"#x{n}": 5 + n}
    (subject,) = subjects(write_manifest(cells))
    assert [frame.mjd_mid - 60000 for frame in subject.frames] == list(numbers)
    places = [observer_place(subject.metadata, position) for position in range(3)]
    assert places == [(7000 + n, 10, 0.5) for n in numbers]
    assert [subject.metadata[f"#x{frame}"] for frame in (1, 2, 3)] == [str(5 + n) for n in numbers]


def test_a_cube_of_a_stamp_gives_a_channel_for_each_plane(write_fits, write_manifest, subjects, sky_noise):
    pixels = sky_noise(3, 12, 10)
    write_fits("a.fits", pixels)
    (subject,) = subjects(write_manifest(row(kind="stamp")))
    np.testing.assert_array_equal(subject.block(), pixels[None])


def test_rows_share_one_cube_by_plane_and_by_range(write_fits, write_manifest, subjects, sky_noise):
    pixels = sky_noise(12, 8, 8)
    write_fits("shared.fits", pixels)
    rows = [
        {"external_id": "one", "image": "shared.fits", "kind": "stamp", "plane": 5, "planes": ""},
        {"external_id": "range", "image": "shared.fits", "kind": "tracklet", "plane": "", "planes": "8:12"},
    ]
    one, ranged = subjects(write_manifest(*rows))
    np.testing.assert_array_equal(one.block(), pixels[None, 5:6])
    np.testing.assert_array_equal(ranged.block(), pixels[8:12, None])


def test_a_plane_of_a_cube_of_cubes_is_a_whole_subject(write_fits, write_manifest, subjects, sky_noise):
    pixels = sky_noise(5, 4, 8, 8)
    write_fits("shared.fits", pixels)
    (subject,) = subjects(write_manifest({"image": "shared.fits", "kind": "tracklet", "plane": 3}))
    assert subject.external_id == "shared.fits:3"
    np.testing.assert_array_equal(subject.block(), pixels[3][:, None])


def test_image_columns_are_frames_of_a_tracklet_in_the_order_of_their_numbers(
    write_fits, write_manifest, subjects, sky_noise
):
    for n in range(1, 12):
        write_fits(f"{n}.fits", sky_noise(6, 6, seed=n), MJD_OBS=60000.25 + n, EXPTIME=86.4)
    cells = {f"image{n}": f"{n}.fits" if n in (2, 10, 11) else "" for n in range(11, 0, -1)}
    (subject,) = subjects(
        write_manifest(cells | {"mjd10": 60009.5, "rms_ra": 0.2, "rms_dec10": 0.3, "rms_corr11": -0.4})
    )
    assert subject.kind == "tracklet"
    np.testing.assert_array_equal(subject.frames[1].pixels[0], sky_noise(6, 6, seed=10))
    assert subject.frames[0].mjd_mid == pytest.approx(60002.2505)
    assert subject.frames[0].mjd_keyword == "MJD-OBS + EXPTIME/2"
    assert (subject.frames[1].mjd_mid, subject.frames[1].mjd_keyword) == (60009.5, "mjd10 of the manifest")
    assert [frame.rms_ra for frame in subject.frames] == [0.2] * 3
    assert [frame.rms_dec for frame in subject.frames] == [None, 0.3, None]
    assert [frame.rms_corr for frame in subject.frames] == [None, None, -0.4]
    assert not {"rms_dec10", "rms_corr11"} & set(subject.metadata)


def test_image_columns_are_channels_of_a_stamp(write_fits, write_manifest, subjects, sky_noise):
    write_fits("a.fits", sky_noise(6, 6))
    write_fits("b.fits", sky_noise(6, 6, seed=1))
    (subject,) = subjects(write_manifest({"kind": "stamp", "image1": "a.fits", "image2": "b.fits"}))
    assert subject.block().shape == (1, 2, 6, 6)


def test_columns_whose_values_are_files_need_no_special_name(write_fits, write_manifest, subjects, sky_noise):
    write_fits("a.fits", sky_noise(6, 6))
    (subject,) = subjects(write_manifest({"id": "7", "picture": "a.fits", "#original": "secret.fits"}))
    assert subject.metadata == {"id": "7", "#original": "secret.fits"}


@pytest.mark.parametrize(
    "form", [{"encoding": "utf-8-sig"}, {"newline": "\r\n"}, {"delimiter": ";"}, {"delimiter": "\t"}], ids=str
)
def test_byte_order_mark_line_ends_and_delimiters_do_not_matter(form, write_fits, write_manifest, subjects, sky_noise):
    write_fits("a.fits", sky_noise(6, 6))
    (subject,) = subjects(write_manifest(row(label="Cométe"), **form))
    assert (subject.external_id, subject.label) == ("a", "Cométe")


def test_the_dialect_of_panoptes(write_fits, write_manifest, subjects, sky_noise):
    for n in range(3):
        write_fits(f"{n}.fits", sky_noise(6, 6, seed=n))
    cells = {"uuid": "x1", "location:1": "0.fits", "location:2": "1.fits", "location:3": "2.fits"}
    (subject,) = subjects(write_manifest(cells | {"metadata:field": "M31", "metadata://truth": "yes"}))
    assert (subject.external_id, len(subject.frames)) == ("x1", 3)
    assert subject.metadata == {"field": "M31", "#truth": "yes"}


def test_known_rows_are_skipped_without_opening_their_files(write_manifest, write_fits, sky_noise):
    write_fits("b.fits", sky_noise(6, 6))
    path = write_manifest(row(image="never-there.fits"), row(external_id="b", image="b.fits"))
    (subject,) = read_subjects(path, skip=lambda external_id: external_id == "a")
    assert subject.external_id == "b"
    assert count(path) == 2


def test_a_bad_row_is_told_and_the_rest_goes_on(write_fits, write_manifest, sky_noise):
    write_fits("good.fits", sky_noise(6, 6))
    bad, good = read_subjects(write_manifest(row(), row(external_id="b", image="good.fits")))
    assert isinstance(bad, BadInput)
    assert (bad.file, bad.row, bad.image) == ("manifest.csv", 2, "a.fits")
    assert str(bad).startswith("manifest.csv row 2 (a.fits): is not there.")
    assert good.external_id == "b"


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"ra": "nan", "dec": 1}, "`ra` is “nan”; it must be degrees from 0 to 360"),
        ({"ra": 361, "dec": 1}, "degrees from 0 to 360"),
        ({"ra": 1, "dec": "-90.1"}, "`dec` is “-90.1”"),
        ({"ra": 1, "dec": ""}, "only one of `ra` and `dec`"),
        ({"mjd": 2458451.75}, "subtract 2400000.5"),
        ({"exptime": "-1"}, "seconds, not negative"),
        ({"rms_ra": 0}, "`rms_ra` is “0”; it must be arcseconds, above 0"),
        ({"rms_corr": -1}, "`rms_corr` is “-1”; it must be a correlation, between -1 and 1"),
        ({"mag": "inf"}, "leave the cell empty"),
        ({"gold": "perhaps"}, "write true or false"),
        ({"kind": "planet"}, "kind “planet” is not known"),
        ({"kind": "tracklet"}, "a tracklet has 3 to 8 frames, and this has 1"),
        ({"kind": "cube"}, "a cube has 3 to 100,000 frames, and this has 1"),
        ({"plane": 2}, "planes 0 to 0, but the row asks for plane 2"),
        ({"plane": "-1"}, "counted from 0"),
        ({"plane": "9" * 5000}, "counted from 0"),
        ({"planes": "4:2"}, "a range such as 0:4"),
        ({"planes": "0:" + "9" * 5000}, "a range such as 0:4"),
        ({"image": ""}, "names no image file"),
        ({"image": "a.tiff"}, "is not of a known kind"),
        ({"image": "https://example.org/a.fits"}, "Download the file"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_bad_cell_has_its_sentence(cells, words, tmp_path, write_fits, write_manifest, complaint, sky_noise):
    (tmp_path / "a.tiff").touch()
    write_fits("a.fits", sky_noise(6, 6))
    bad = complaint(write_manifest(row(**cells)))
    assert words in bad.reason
    assert (bad.file, bad.row) == ("manifest.csv", 2)


def test_a_cube_has_three_frames_or_more(write_fits, write_manifest, complaint, subjects, sky_noise):
    write_fits("a.fits", sky_noise(3, 6, 6))
    bad = complaint(write_manifest(row(kind="cube", planes="0:2")))
    assert "a cube has 3 to 100,000 frames, and this has 2" in bad.reason
    assert [each.kind for each in subjects(write_manifest(row(kind="cube")))] == ["cube"]


def test_a_column_of_thousands_of_digits_is_no_frame(write_fits, write_manifest, subjects, sky_noise):
    write_fits("a.fits", sky_noise(6, 6))
    (subject,) = subjects(write_manifest(row(**{"mjd" + "9" * 5000: "60000.5"})))
    assert subject.frames[0].mjd_mid is None


def test_files_outside_the_folder_are_refused(tmp_path, write_manifest, sky_noise):
    (tmp_path / "inner").mkdir()
    fits.PrimaryHDU(sky_noise(6, 6)).writeto(tmp_path / "secret.fits")
    (tmp_path / "inner" / "link.fits").symlink_to(tmp_path / "secret.fits")
    (tmp_path / "inner" / "folder").symlink_to(tmp_path)
    rows = ["image", "../secret.fits", str(tmp_path / "secret.fits"), "link.fits", "folder/secret.fits"]
    path = tmp_path / "inner" / "manifest.csv"
    path.write_text("\n".join(rows) + "\n")
    found = list(read_subjects(path))
    assert [item.row for item in found] == [2, 3, 4, 5]
    assert all("folder" in item.reason for item in found)
    (alone,) = read_subjects(
        tmp_path / "inner" / "folder" / "inner" / "manifest.csv", skip=lambda name: name != "link.fits"
    )
    assert "lies outside" in alone.reason


def test_a_pipe_or_folder_is_no_image(tmp_path, write_manifest):
    os.mkfifo(tmp_path / "pipe.fits")
    (tmp_path / "folder.fits").mkdir()
    pipe, folder = read_subjects(write_manifest({"image": "pipe.fits"}, {"image": "folder.fits"}))
    assert "is a device or pipe" in pipe.reason
    assert "is a folder" in folder.reason


def test_a_cell_without_end_is_refused_whatever_the_process_allows(tmp_path, complaint):
    before = csv.field_size_limit(2**24)
    try:
        (tmp_path / "manifest.csv").write_text('image\n"' + "x" * 200_000 + '"\n')
        assert "is not a CSV file" in complaint(tmp_path / "manifest.csv").reason
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no rows below its header"),
        ("external_id,image\n", "no rows below its header"),
        ("external_id,label\na,AST\nb,AST\n", "no column holds image files: add a column `image`"),
        ("external_id,image,image\na,b,c\n", "names image more than once"),
        ("external_id,image\na\n", "has 1 cells where the header names 2 columns"),
        ("external_id,image\na,b,c\n", "has 3 cells where the header names 2 columns"),
        ("image\n\udcff\n", "not UTF-8"),
        ('image\n"' + "x" * 200_000 + '"\n', "is not a CSV file"),
    ],
    ids=["empty", "header only", "no images", "twice", "short row", "long row", "latin-1", "endless cell"],
)
def test_each_broken_manifest_has_its_sentence(text, words, tmp_path, complaint):
    path = tmp_path / "manifest.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    bad = complaint(path)
    assert words in bad.reason
    assert bad.file == "manifest.csv"
