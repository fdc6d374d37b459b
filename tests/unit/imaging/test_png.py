"""PNGs and raw frames."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from ml.imaging.browser_encoding import raw_frame
from ml.imaging.display import STRETCHES
from ml.imaging.png import MISSING, strip_width, to_png


def drawn(block, **options):
    return np.asarray(Image.open(io.BytesIO(to_png(block, **options))))


@pytest.fixture
def corner():
    """Return an image with a bright lower left corner and a missing upper right one."""
    pixels = np.random.default_rng(0).normal(0, 1, (20, 30)).astype(np.float32)
    pixels[0, 0], pixels[-1, -1] = 50, np.nan
    return pixels


@pytest.mark.parametrize("stretch", STRETCHES)
def test_row_0_is_at_the_bottom_and_missing_pixels_have_their_colour(stretch, corner):
    picture = drawn(corner, stretch=stretch)
    assert picture.shape == (20, 30, 3)
    assert tuple(picture[-1, 0]) == (255, 255, 255)
    assert tuple(picture[0, -1]) == MISSING
    assert (picture == MISSING).all(axis=-1).sum() == 1


def test_frames_and_channels_stand_side_by_side(corner):
    strip = drawn(np.stack([corner, corner])[:, None].repeat(3, axis=1))
    assert strip.shape == (20, 6 * 30 + 5 * 2, 3)


@pytest.mark.parametrize("size", [10, 60])
def test_size_is_the_height(size, corner):
    assert drawn(corner, size=size).shape == (size, size * 30 // 20, 3)


@pytest.mark.parametrize("shape", [(1, 1, 20, 30), (4, 3, 20, 30)])
def test_the_width_is_known_before_it_is_drawn(corner, shape):
    block = np.broadcast_to(corner, shape)
    assert drawn(block, size=50).shape[:2] == (50, strip_width(shape, 50))


def test_inverted_sky_is_white(corner):
    assert tuple(drawn(corner, invert=True)[-1, 0]) == (0, 0, 0)


def test_nothing_measured_at_all():
    assert (drawn(np.full((1, 1, 5, 5), np.nan)) == MISSING).all()


def test_wrong_requests_have_a_sentence(corner):
    with pytest.raises(ValueError, match="No stretch is called “gamma”"):
        to_png(corner, stretch="gamma")
    with pytest.raises(ValueError, match="two to four axes"):
        to_png(corner[0])


def unpacked(block):
    body, meta = raw_frame(block)
    json.dumps(meta, allow_nan=False)
    numbers = np.frombuffer(body, "<f2").reshape(meta["shape"]).astype(np.float64)
    return numbers[:, ::-1] * np.array(meta["scale"])[:, None, None] + np.array(meta["zero"])[:, None, None], meta


def test_a_raw_frame_keeps_the_sky_to_a_hundredth_of_its_noise_and_stars_to_three_digits():
    block = np.random.default_rng(0).normal(1000, 5, (4, 1, 100, 100)).astype(np.float32)
    block[1, 0, 50, 50], block[0, 0, 0, 0] = 60_000, np.nan
    back, meta = unpacked(block)
    assert meta["shape"] == [4, 100, 100]
    assert len(raw_frame(block[0])[0]) == 20_000
    assert abs(back[1, 50, 50] / 60_000 - 1) < 1e-3
    assert np.isnan(back[0, 0, 0])
    quiet = np.abs(block[:, 0] - 1000) < 25
    assert np.abs(back - block[:, 0])[quiet].max() < 0.05
    assert all(-5 < low < 0 < high < 8 for low, high in zip(meta["low"], meta["high"], strict=True))


@pytest.mark.parametrize("filler", [-1e30, 3.4e38, np.inf])
def test_a_filler_is_no_measurement_and_hides_no_sky(filler):
    block = np.random.default_rng(0).normal(1000, 5, (1, 1, 60, 60)).astype(np.float32)
    block[0, 0, :2] = filler
    back, meta = unpacked(block)
    assert np.isnan(back[0, :2]).all()
    assert np.abs(back[0, 2:] - block[0, 0, 2:]).max() < 0.05
    assert meta["scale"][0] == pytest.approx(5, rel=0.1)
    assert (drawn(block)[-2:] == MISSING).all()


@given(
    pixels=hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        (2, 6, 5),
        elements=st.floats(-1e9, 1e9, width=32) | st.just(float("nan")) | st.just(float("-inf")),
    )
)
def test_every_raw_frame_can_be_read_back(pixels):
    back, _ = unpacked(pixels)
    np.testing.assert_array_equal(np.isnan(back), ~np.isfinite(pixels))
    seen = np.isfinite(pixels)
    if seen.any():
        reach = np.abs(pixels[seen]).max()
        np.testing.assert_allclose(back[seen], pixels[seen], rtol=1e-3, atol=max(reach * 1e-3, 1e-6))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "int64"])
def test_whole_numbers(dtype):
    pixels = np.arange(100).reshape(10, 10).astype(dtype)
    back, _ = unpacked(pixels)
    np.testing.assert_allclose(back[0], pixels, atol=0.05)
