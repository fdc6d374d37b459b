"""PNG, JPEG and npy files."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8)


def test_png_is_turned_so_that_row_0_is_the_bottom(tmp_path, subjects):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    (subject,) = subjects(tmp_path / "a.png")
    assert (subject.kind, subject.block().dtype) == ("stamp", np.uint8)
    np.testing.assert_array_equal(subject.block()[0, 0], GREY[::-1])


def test_sixteen_bits_are_kept(tmp_path, subjects):
    deep = GREY.astype(np.uint16) * 1000
    Image.fromarray(deep).save(tmp_path / "a.png")
    (subject,) = subjects(tmp_path)
    assert subject.block().dtype == np.uint16
    np.testing.assert_array_equal(subject.block()[0, 0], deep[::-1])


@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("RGBA", 3), ("P", 3), ("1", 1), ("LA", 1)])
def test_modes(mode, channels, tmp_path, subjects):
    Image.fromarray(GREY).convert(mode).save(tmp_path / "a.png")
    (subject,) = subjects(tmp_path)
    assert subject.block().shape == (1, channels, 6, 8)


def test_jpeg_colours_are_channels_and_several_files_are_frames(tmp_path, write_manifest, subjects):
    for n in range(3):
        Image.fromarray(np.full((8, 8, 3), 80 * n, np.uint8)).save(tmp_path / f"{n}.jpg")
    (subject,) = subjects(write_manifest({f"image{n}": f"{n}.jpg" for n in range(3)}))
    assert (subject.kind, subject.block().shape) == ("tracklet", (3, 3, 8, 8))
    assert [round(float(frame.pixels.mean()), -1) for frame in subject.frames] == [0, 80, 160]


def test_npy(tmp_path, subjects):
    pixels = np.arange(96, dtype=">i4").reshape(4, 4, 6)
    np.save(tmp_path / "a.npy", pixels)
    (subject,) = subjects(tmp_path)
    assert subject.block().dtype == np.int32
    assert subject.block().dtype.isnative
    np.testing.assert_array_equal(subject.block(), pixels[:, None])


@pytest.mark.parametrize("array", [np.array([{}], object), np.zeros((0, 5)), np.zeros(5), np.array([["a"]])], ids=str)
def test_npy_that_is_no_image(array, tmp_path, complaint):
    np.save(tmp_path / "a.npy", array)
    bad = complaint(tmp_path)
    assert "numbers" in bad.reason
    assert bad.file == "a.npy"


def test_two_frames_are_no_stamp(tmp_path, complaint):
    np.save(tmp_path / "a.npy", np.ones((2, 3, 8, 8), np.float32))
    assert complaint(tmp_path).reason.startswith("a stamp is one frame, and this has 2.")


@pytest.mark.parametrize("claim", [b"(50000, 50000)", b"(50000, 50000 "], ids=["lie", "broken"])
def test_npy_that_claims_more_than_it_holds(claim, tmp_path, complaint):
    np.save(tmp_path / "a.npy", np.zeros((50, 50)))
    raw = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(raw.replace(b"(50, 50), }      ", claim + b", }"))
    assert "not a readable npy" in complaint(tmp_path).reason


def test_a_pixel_bomb_is_refused_by_its_header(tmp_path, complaint):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    for side, words in ((12_000, "would take 432 MB"), (60_000, "has far more pixels")):
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        body = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
        (tmp_path / "a.png").write_bytes(body)
        assert words in complaint(tmp_path).reason


def test_truncated_and_misnamed(tmp_path, complaint):
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (50, 50), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-600])
    assert "cannot be read as a PNG or JPEG (image file is truncated)" in complaint(path).reason
    path.write_bytes(b"SIMPLE  = T")
    assert "cannot be read as a PNG or JPEG (cannot identify image file). Download" in complaint(path).reason
