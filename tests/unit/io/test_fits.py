"""FITS files of all kinds, including false headers."""

import gzip
import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

from ml.io.fits.image import FitsPicture
from ml.io.read import read


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i2", ">i4", ">i8", "u1", "<f4", "<i2"])
def test_every_byte_order_comes_out_native_and_equal(dtype, write_fits, subjects):
    pixels = np.arange(48).reshape(6, 8).astype(dtype)
    (subject,) = subjects(write_fits("a.fits", pixels))
    block = subject.block()
    assert block.dtype.isnative
    assert block.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(block, pixels[None, None])


@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64", "int8"])
def test_integers_shifted_by_bzero_keep_their_type(dtype, write_fits, subjects):
    info = np.iinfo(dtype)
    pixels = np.array([[info.min, 1, 2], [info.max - 1, info.max, 3]], dtype)
    (subject,) = subjects(write_fits("a.fits", pixels))
    assert subject.block().dtype == np.dtype(dtype)
    np.testing.assert_array_equal(subject.block()[0, 0], pixels)


def test_scaling_and_blank_pixels_follow_the_standard(tmp_path, subjects):
    path = tmp_path / "a.fits"
    fits.PrimaryHDU(np.array([[1, 2], [3, -99]], np.int16)).writeto(path)
    with fits.open(path, mode="update", do_not_scale_image_data=True) as units:
        units[0].header.update({"BSCALE": 0.5, "BZERO": 10.0, "BLANK": -99})
    (subject,) = subjects(path)
    assert subject.block().dtype == np.float32
    np.testing.assert_array_equal(subject.block()[0, 0], [[10.5, 11.0], [11.5, np.nan]])


def test_the_image_called_sci_is_taken_and_its_companions_left(tmp_path, subjects, sky_noise):
    images = [fits.ImageHDU(sky_noise(6, 6, seed=n), name=name) for n, name in enumerate(("VAR", "SCI", "DQ"))]
    primary = fits.PrimaryHDU(header=fits.Header([("MJD-OBS", 60000.25), ("EXPTIME", 60.0), ("FILTER", "r")]))
    fits.HDUList([primary, *images]).writeto(tmp_path / "a.fits")
    (subject,) = subjects(tmp_path / "a.fits")
    np.testing.assert_array_equal(subject.block()[0, 0], sky_noise(6, 6, seed=1))
    frame = subject.frames[0]
    assert (frame.mjd_mid, frame.exptime, frame.band) == (pytest.approx(60000.25 + 30 / 86400), 60.0, "r")


def test_extensions_of_equal_shape_are_frames_with_their_own_times(tmp_path, subjects, sky_noise):
    images = [fits.ImageHDU(sky_noise(6, 6, seed=n), fits.Header([("MJD-AVG", 60000.5 + n)])) for n in range(4)]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(tmp_path / "a.fits")
    (subject,) = subjects(tmp_path / "a.fits")
    assert (subject.kind, subject.block().shape) == ("tracklet", (4, 1, 6, 6))
    assert [frame.mjd_mid for frame in subject.frames] == [60000.5, 60001.5, 60002.5, 60003.5]


@pytest.mark.parametrize("compression", ["RICE_1", "GZIP_2"])
def test_tile_compressed_images(compression, tmp_path, subjects):
    pixels = np.random.default_rng(0).poisson(100, (64, 48)).astype(np.int16)
    path = tmp_path / "a.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels, compression_type=compression)]).writeto(path)
    (subject,) = subjects(path)
    assert subject.block().dtype == np.int16
    np.testing.assert_array_equal(subject.block()[0, 0], pixels)


def test_one_plane_of_a_tile_compressed_cube(tmp_path, write_manifest, subjects):
    pixels = np.random.default_rng(0).poisson(100, (6, 32, 32)).astype(np.int32)
    units = [fits.PrimaryHDU(), fits.CompImageHDU(pixels, compression_type="GZIP_1")]
    fits.HDUList(units).writeto(tmp_path / "cube.fits.fz")
    rows = [{"external_id": n, "image": "cube.fits.fz", "kind": "stamp", "plane": n} for n in range(6)]
    for n, subject in enumerate(subjects(write_manifest(*rows))):
        np.testing.assert_array_equal(subject.block()[0, 0], pixels[n])


def test_gzipped_whole(tmp_path, write_fits, subjects, sky_noise):
    plain = write_fits("a.fits", sky_noise(6, 6))
    packed = tmp_path / "packed" / "a.fits.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    (subject,) = subjects(packed)
    np.testing.assert_array_equal(subject.block()[0, 0], sky_noise(6, 6))


def test_tile_compressed_and_gzipped_on_top(tmp_path, subjects):
    pixels = np.random.default_rng(0).poisson(100, (32, 32)).astype(np.int16)
    plain = tmp_path / "a.tmp"
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels)]).writeto(plain)
    (tmp_path / "a.fits.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (subject,) = subjects(tmp_path)
    np.testing.assert_array_equal(subject.block()[0, 0], pixels)


def test_a_file_whose_clock_is_wrong_is_told_and_the_rest_goes_on(tmp_path, write_fits, sky_noise):
    write_fits("a.fits", sky_noise(6, 6), MJD_AVG=1e10, TIMESYS="TAI")
    write_fits("b.fits", sky_noise(6, 6))
    bad, good = read(tmp_path)
    assert str(bad).startswith("a.fits: `MJD-AVG` is “1e+10”; it must be a modified Julian date")
    assert good.external_id == "b.fits"


def test_the_celestial_wcs_is_kept_as_cards(write_fits, subjects, sky_noise):
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.5, "CRVAL2": -3.25, "CRPIX1": 3.5, "CRPIX2": 3.5}
    cards |= {"CD1_1": -1e-4, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-4, "RADESYS": "ICRS"}
    (subject,) = subjects(write_fits("a.fits", sky_noise(6, 6), OBJECT="433 Eros", **cards))
    assert subject.frames[0].wcs == cards


def test_a_header_longer_than_a_block(write_fits, subjects, sky_noise):
    cards = {f"KEY{n}": "x" * 60 for n in range(500)}
    (subject,) = subjects(write_fits("a.fits", sky_noise(6, 6), **cards, FILTER="g"))
    assert subject.frames[0].band == "g"


def test_a_text_continued_over_cards_is_whole(write_fits, sky_noise):
    long = "it's " * 40
    picture = FitsPicture(write_fits("a.fits", sky_noise(6, 6), FILTER=long))
    assert picture.facts(0).band == long.strip()
    picture.close()


def damage(path, old, new):
    raw = path.read_bytes()
    assert raw.count(old) == 1
    path.write_bytes(raw.replace(old, new))


def test_a_claim_of_ten_gigabytes_is_refused_before_memory_is_asked_for(write_fits, complaint, sky_noise):
    path = write_fits("a.fits", sky_noise(50, 50))
    damage(path, b"NAXIS1  =                   50", b"NAXIS1  =             50000000")
    tracemalloc.start()
    bad = complaint(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "claims 10 GB of data, but only" in bad.reason
    assert peak < 10**6


def test_a_compressed_image_that_claims_ten_gigabytes(tmp_path, complaint):
    path = tmp_path / "a.fits.fz"
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(np.ones((50, 50), np.int16))]).writeto(path)
    for axis in (1, 2):
        raw = path.read_bytes()
        path.write_bytes(
            raw.replace(b"ZNAXIS%d =                   50" % axis, b"ZNAXIS%d =               100000" % axis)
        )
    assert "would take 20 GB of memory" in complaint(path).reason


def retiled(path, pixels, compression="RICE_1", columns=None, **cards):
    """Write a tile-compressed image as one tile, with other columns or cards than astropy's."""
    image = fits.CompImageHDU(pixels, compression_type=compression, tile_shape=pixels.shape)
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(path)
    with fits.open(path, disable_image_compression=True) as units:
        table = units[1] if columns is None else fits.BinTableHDU.from_columns(columns)
        table.header.update({key: value for key, value in units[1].header.items() if key.startswith("Z")} | cards)
        fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)


def column(name, content):
    return fits.Column(name, "1PB()", array=np.array([np.frombuffer(content, np.uint8)], dtype=object))


@pytest.mark.parametrize("compression", ["GZIP_1", "GZIP_2", "RICE_1"])
def test_a_tile_that_unpacks_to_more_than_its_pixels_is_refused_before_it_does(compression, tmp_path, complaint):
    bomb = gzip.compress(bytes(300 * 1024**2), 1)
    columns = [column("COMPRESSED_DATA", b""), column("GZIP_COMPRESSED_DATA", bomb)]
    columns = columns if compression == "RICE_1" else [column("COMPRESSED_DATA", bomb)]
    retiled(tmp_path / "a.fits", np.zeros((64, 64), np.int16), compression, columns)
    tracemalloc.start()
    bad = complaint(tmp_path / "a.fits")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "a tile unpacks to more than the 32.8 kB that its pixels can take" in bad.reason
    assert peak < 20 * 10**6


@pytest.mark.parametrize("compression", ["GZIP_1", "GZIP_2"])
def test_a_large_gzip_tile_is_read(compression, tmp_path, subjects, sky_noise):
    pixels = (sky_noise(500, 400) * 1000).astype(np.int32)
    retiled(tmp_path / "a.fits", pixels, compression)
    assert (tmp_path / "a.fits").stat().st_size > 300_000
    (subject,) = subjects(tmp_path / "a.fits")
    np.testing.assert_array_equal(subject.block()[0, 0], pixels)


def test_tiles_that_go_deep_below_the_plane_asked_for_count_as_a_whole(tmp_path, write_manifest, complaint):
    claim = {"ZNAXIS1": 1000, "ZNAXIS2": 1000, "ZNAXIS3": 9000, "ZTILE1": 1000, "ZTILE2": 1, "ZTILE3": 1000}
    retiled(tmp_path / "a.fits", np.zeros((2, 8, 8), np.int16), **claim)
    bad = complaint(write_manifest({"external_id": "a", "image": "a.fits", "kind": "stamp", "plane": 0}))
    assert "would take 2 GB of memory" in bad.reason


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_truncated(kept, write_fits, complaint, sky_noise):
    path = write_fits("a.fits", sky_noise(50, 50))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(2880 + 10_000 * kept)])
    bad = complaint(path)
    assert "it is truncated" in bad.reason
    assert bad.file == "a.fits"


def test_truncated_in_the_header(write_fits, complaint, sky_noise):
    path = write_fits("a.fits", sky_noise(5, 5))
    path.write_bytes(path.read_bytes()[:200])
    assert "without an END card: the file is truncated" in complaint(path).reason


def test_truncated_tiles(tmp_path, complaint):
    path = tmp_path / "a.fits.fz"
    pixels = np.random.default_rng(0).poisson(100, (64, 48)).astype(np.int16)
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels)]).writeto(path)
    path.write_bytes(path.read_bytes()[:-5000])
    assert "truncated" in complaint(path).reason


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"SIMPLE  =", b"SAMPLE  =", "is not a FITS file"),
        (b"BITPIX  =                  -32", b"BITPIX  =                  -31", "BITPIX = -31"),
        (b"NAXIS1  =                   50", b"NAXIS1  =                  -50", "no valid NAXIS1"),
        (b"NAXIS1  =                   50", b"NAXIS1  =                    0", "50 × 0 pixels"),
    ],
    ids=["magic", "bitpix", "negative", "zero-size"],
)
def test_damaged_headers(old, new, words, write_fits, complaint, sky_noise):
    path = write_fits("a.fits", sky_noise(50, 50))
    damage(path, old, new)
    assert words in complaint(path).reason


def test_an_empty_file(tmp_path, complaint):
    (tmp_path / "a.fits").touch()
    assert "is empty" in complaint(tmp_path / "a.fits").reason


def test_a_table_alone_is_no_image(tmp_path, complaint):
    table = fits.BinTableHDU.from_columns([fits.Column("ra", "D", array=[1.0])])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(tmp_path / "a.fits")
    assert "holds no image" in complaint(tmp_path / "a.fits").reason


def test_every_pixel_nan(write_fits, complaint):
    assert "every pixel is NaN" in complaint(write_fits("a.fits", np.full((5, 5), np.nan, np.float32))).reason


@pytest.mark.parametrize(("frames", "kind"), [(2, "tracklet"), (9, "tracklet"), (5, "stamp")])
def test_wrong_number_of_planes(frames, kind, write_fits, complaint, sky_noise):
    bad = complaint(write_fits("a.fits", sky_noise(frames, 5, 5)), kind)
    assert f"a {kind} has" in bad.reason
    assert f"and this has {frames}" in bad.reason


def test_a_gzip_bomb_stops_at_the_bound(tmp_path, complaint):
    path = tmp_path / "bomb.fits.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        for _ in range(300):
            out.write(bytes(1024**2))
    assert "unpacks to more than 268 MB" in complaint(path).reason


@pytest.mark.parametrize(("cut", "words"), [(-20, "end too early"), (0, "not valid gzip")])
def test_broken_gzip(cut, words, tmp_path, write_fits, complaint, sky_noise):
    raw = gzip.compress(write_fits("a.fits", sky_noise(50, 50)).read_bytes())
    raw = raw[:cut] if cut else raw[:100] + bytes(100) + raw[200:]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.fits.gz").write_bytes(raw)
    assert words in complaint(tmp_path / "b").reason
