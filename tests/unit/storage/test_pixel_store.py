"""The store returns what was written, bit for bit, even if a writer dies."""

import multiprocessing
import os
import signal

import numpy as np
import pytest
from zarr.abc.store import SuffixByteRequest
from zarr.storage import LocalStore

from ml.storage.array_names import array_name
from ml.storage.pixel_store import PixelStore

NAME = "4x1x10x10-float32"


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    return PixelStore(tmp_path / "pixels" if request.param == "folder" else f"memory://{tmp_path.name}")


@pytest.fixture
def block():
    return lambda n, seed=0: np.random.default_rng(seed).normal(size=(n, 4, 1, 10, 10)).astype(np.float32)


def test_appended_subjects_come_back_bit_for_bit(store, block):
    first, second = block(130), block(30, seed=1)
    first[0, 0, 0, 0, :3] = np.nan, np.inf, -0.0
    assert store.append("atlas", first) == (NAME, 0)
    assert store.append("atlas", second) == (NAME, 130)
    assert (store.length("atlas", NAME), store.arrays("atlas")) == (160, [NAME])
    assert store.slab("atlas", NAME, 0, 160).tobytes() == np.concatenate([first, second]).tobytes()
    np.testing.assert_array_equal(store.get("atlas", NAME, 131), second[1])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "uint32", "int64", "float16", "float64"])
def test_every_dtype_has_its_own_array(dtype, store):
    block = np.arange(24).reshape(2, 1, 3, 2, 2).astype(dtype)
    name, _ = store.append("s", block)
    assert name == array_name((1, 3, 2, 2), np.dtype(dtype)) == f"1x3x2x2-{dtype}"
    np.testing.assert_array_equal(store.slab("s", name, 0, 2), block)
    assert store.get("s", name, 1).dtype == np.dtype(dtype)


def test_surveys_are_apart_and_unknown_ones_empty(store, block):
    store.append("atlas", block(2))
    assert store.arrays("euclid") == []
    assert store.length("euclid", NAME) == 0
    with pytest.raises(FileNotFoundError):
        store.get("euclid", NAME, 0)


def test_a_tail_that_no_row_knows_is_written_over(store, block):
    store.append("atlas", block(100))
    store.append("atlas", block(50, seed=1))  # the writer died before its rows were committed
    assert store.append("atlas", block(20, seed=2), at=100) == (NAME, 100)
    np.testing.assert_array_equal(store.slab("atlas", NAME, 0, 100), block(100))
    np.testing.assert_array_equal(store.slab("atlas", NAME, 100, 120), block(20, seed=2))
    assert store.length("atlas", NAME) == 150


def test_what_another_process_appended_is_seen(tmp_path, block):
    writer, reader = PixelStore(tmp_path), PixelStore(tmp_path)
    writer.append("atlas", block(5))
    assert reader.get("atlas", NAME, 4).shape == (4, 1, 10, 10)
    writer.append("atlas", block(5))
    assert reader.get("atlas", NAME, 9).shape == (4, 1, 10, 10)


def test_what_is_not_there_is_refused(store, block):
    store.append("atlas", block(5))
    with pytest.raises(IndexError, match="holds 5 subjects; 5 to 6 were asked for"):
        store.get("atlas", NAME, 5)
    with pytest.raises(ValueError, match="writing cannot begin at 6"):
        store.append("atlas", block(1), at=6)
    with pytest.raises(ValueError, match="five axes"):
        store.append("atlas", block(1)[0])


@pytest.mark.parametrize("survey", ["", "..", "a/b", "../x", ".hidden", "a" * 200])
def test_names_that_could_leave_the_store_are_refused(survey, store, block):
    with pytest.raises(ValueError, match="cannot name"):
        store.append(survey, block(1))


def test_features_lie_beside_the_pixels_and_are_nan_where_none_are(store, block):
    store.append("atlas", block(300))
    with pytest.raises(FileNotFoundError):
        store.features("atlas", NAME, "key", 0, 300)
    values = np.random.default_rng(0).normal(size=(128, 4, 6)).astype(np.float32)
    store.write_features("atlas", NAME, "key", 128, values)
    found = store.features("atlas", NAME, "key", 0, 300)
    assert (found.shape, found.dtype) == ((300, 4, 6), np.float16)
    np.testing.assert_array_equal(found[128:256], values.astype(np.float16))
    assert np.isnan(found[:128]).all()
    assert np.isnan(found[256:]).all()
    with pytest.raises(FileNotFoundError):
        store.features("atlas", NAME, "other", 0, 300)


def test_features_are_read_here_and_there(store, block):
    store.append("atlas", block(300))
    with pytest.raises(FileNotFoundError):
        store.features_at("atlas", NAME, "key", np.array([0]))
    values = np.random.default_rng(0).normal(size=(256, 4, 6)).astype(np.float16)
    store.write_features("atlas", NAME, "key", 0, values)
    places = np.array([3, 127, 128, 255, 299])
    found = store.features_at("atlas", NAME, "key", places)
    np.testing.assert_array_equal(found[:4], values[places[:4]])
    assert np.isnan(found[4]).all()


def test_features_written_by_many_in_whole_chunks_are_all_kept(tmp_path, block):
    PixelStore(tmp_path).append("atlas", block(512))
    stores = [PixelStore(tmp_path) for _ in range(4)]
    assert stores[0].chunk("atlas", NAME) == 128
    for shard, store in reversed(list(enumerate(stores))):
        store.write_features("atlas", NAME, "key", 128 * shard, np.full((128, 4, 2), shard))
    np.testing.assert_array_equal(stores[0].features("atlas", NAME, "key", 0, 512)[::128, 0, 0], [0, 1, 2, 3])


@pytest.mark.parametrize(
    ("shape", "chunk"),
    [
        ((4, 1, 100, 100), 128),
        ((1, 3, 63, 63), 128),
        ((4, 3, 100, 100), 128),
        ((1, 1, 600, 600), 32),
        ((1, 1, 2048, 2048), 4),
        ((1, 4, 3000, 3000), 1),
    ],
)
def test_files_hold_128_subjects_and_fewer_large_ones_by_halves(shape, chunk, tmp_path):
    store = PixelStore(tmp_path)
    name, _ = store.append("plates", np.zeros((1, *shape), np.float32))
    assert store.chunk("plates", name) == chunk


def _append_for_ever(root):
    store = PixelStore(root)
    n = store.length("atlas", NAME)
    while True:
        n = store.append("atlas", np.full((50, 4, 1, 10, 10), n, np.float32))[1] + 50


@pytest.mark.parametrize("after", [0.02, 0.1, 0.3])
def test_kill_9_loses_nothing_that_was_appended(after, tmp_path):
    context = multiprocessing.get_context("spawn")
    PixelStore(tmp_path).append("atlas", np.full((50, 4, 1, 10, 10), 0, np.float32))
    writer = context.Process(target=_append_for_ever, args=(tmp_path,))
    writer.start()
    while PixelStore(tmp_path).length("atlas", NAME) < 100:
        pass
    writer.join(after)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    store = PixelStore(tmp_path)
    length = store.length("atlas", NAME)
    assert length % 50 == 0
    values = store.slab("atlas", NAME, 0, length)[:, 0, 0, 0, 0]
    np.testing.assert_array_equal(values, np.arange(length) // 50 * 50)
    store.append("atlas", np.full((50, 4, 1, 10, 10), -1, np.float32), at=length - 25)
    assert store.get("atlas", NAME, length - 25)[0, 0, 0, 0] == -1


@pytest.mark.parametrize("address", ["folder", "memory://forget"])
def test_forgotten_features_are_gone_and_may_come_back(tmp_path, address):
    store = PixelStore(tmp_path / address if address == "folder" else address)
    array, _ = store.append("sky", np.zeros((4, 1, 1, 2, 2), np.uint8))
    for key in ("one", "two"):
        store.write_features("sky", array, key, 0, np.ones((4, 1, 3)))
    for key in ("one", "one", "never"):
        store.forget_features("sky", key)
    with pytest.raises(FileNotFoundError):
        store.features("sky", array, "one", 0, 4)
    assert (store.features("sky", array, "two", 0, 4) == 1).all()
    store.write_features("sky", array, "one", 0, np.ones((4, 1, 3)))
    assert (store.features("sky", array, "one", 0, 4) == 1).all()


def test_cleared_subjects_take_no_space_and_others_stay(store, block):
    pixels = block(200)
    store.append("s", pixels)
    before = store.chunk_bytes("s", NAME, 0)
    assert store.clear("s", NAME, [5, *range(16, 128)]) == before - store.chunk_bytes("s", NAME, 0) > before * 0.8
    assert store.clear("s", NAME, [5]) == 0
    assert np.isnan(store.get("s", NAME, 5)).all()
    np.testing.assert_array_equal(store.slab("s", NAME, 0, 5), pixels[:5])
    np.testing.assert_array_equal(store.slab("s", NAME, 128, 200), pixels[128:])
    store.clear("s", NAME, range(128))
    assert store.chunk_bytes("s", NAME, 0) == 0
    assert store.length("s", NAME) == 200


@pytest.mark.parametrize("indexes", [[], [127, 128]])
def test_one_chunk_is_cleared_at_a_time(store, block, indexes):
    store.append("s", block(200))
    with pytest.raises(ValueError, match="one chunk"):
        store.clear("s", NAME, indexes)


def test_a_chunk_that_is_replaced_while_it_is_read_is_read_again(tmp_path, block, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 255, (128, 4, 1, 10, 10), dtype=np.uint8)  # of equal compressed size
    name = "4x1x10x10-uint8"
    for folder in ("read", "cleared"):
        PixelStore(tmp_path / folder).append("s", pixels)
    PixelStore(tmp_path / "cleared").clear("s", name, range(16))
    chunk = f"s/pixels/{name}/c/0/0/0/0/0"
    get = LocalStore.get

    async def get_and_replace(self, key, prototype, byte_range=None):
        found = await get(self, key, prototype, byte_range)
        if isinstance(byte_range, SuffixByteRequest) and (tmp_path / "cleared" / chunk).exists():
            os.replace(tmp_path / "cleared" / chunk, tmp_path / "read" / chunk)  # after the index, before the pixels
        return found

    store = PixelStore(tmp_path / "read")
    monkeypatch.setattr(LocalStore, "get", get_and_replace)
    np.testing.assert_array_equal(store.slab("s", name, 16, 32), pixels[16:32])
    assert not (tmp_path / "cleared" / chunk).exists()
