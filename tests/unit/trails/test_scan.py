"""Scanning an archive: atomic shards, resumed after a kill, nothing lost or duplicated."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml.__main__ import main
from ml.cli import trail_role
from ml.trails.radon_baseline import ClassicalDetector
from tests.unit.trails.skies import line, noisy

N = 7


class Killed(BaseException):
    """Simulates a process that dies."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Return a manifest of seven images, with a trail in every second one, and one unreadable."""
    folder = tmp_path_factory.mktemp("archive")
    rows = ["external_id,kind,image"]
    for n in range(N):
        lines = [line(20, 30, 100, 60 + n)] if n % 2 else []
        np.save(folder / f"{n}.npy", noisy((128, 128), *lines, snr=10, seed=n))
        rows.append(f"a-{n},cutout,{n}.npy")
    (folder / "5.npy").write_bytes(b"not an image")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder / "manifest.csv"


@pytest.fixture(scope="module")
def classical(archive, tmp_path_factory):
    out = tmp_path_factory.mktemp("models") / "classical"
    assert main(["train", "--role", "trail", "--preset", "classical", "--data", str(archive), "--out", str(out)]) == 0
    return out


@pytest.fixture
def scan(archive, classical, capsys):
    def run(out, *more):
        words = ["--checkpoint", str(classical), "--data", str(archive), "--out", str(out), "--shard", "2", *more]
        status = main(["score", *words])
        said = capsys.readouterr()
        return json.loads(said.out) if status == 0 else said.err

    return run


def content(path):
    return pq.read_table(path).to_pylist()


def test_one_row_a_trail(scan, tmp_path):
    said = scan(tmp_path / "scan")
    rows = content(said["out"])
    assert (said["images"], said["subjects"], said["skipped"]) == (N - 1, N, 1)
    sure = [row for row in rows if row["score"] > 0.3]
    assert [row["external_id"] for row in sure] == ["a-1", "a-3"]
    assert sorted(end[0] for end in sure[0]["line"]) == pytest.approx([20, 100], abs=6)
    assert len(sure[0]["curve"]) == 17
    assert sure[0]["box"][0] < 30 < 90 < sure[0]["box"][2]
    assert sure[0]["snr"] == pytest.approx(10, rel=0.3)
    assert {row["class"] for row in rows} <= {"ASTEROID", "SATELLITE", "SPIKE", "COSMIC_RAY"}


def test_a_killed_scan_is_taken_up_again(scan, tmp_path, monkeypatch):
    whole = content(scan(tmp_path / "whole")["out"])
    seen = []
    finish = trail_role._finish

    def killed_at_the_second_shard(scan, shard, rows):
        if shard == 1:
            raise Killed
        finish(scan, shard, rows)

    monkeypatch.setattr(trail_role, "_finish", killed_at_the_second_shard)
    with pytest.raises(Killed):
        scan(tmp_path / "again")
    assert not (tmp_path / "again" / "trails.parquet").exists()
    assert [path.name for path in sorted((tmp_path / "again" / "shards").glob("*"))] == ["000000.parquet", "scan.json"]
    monkeypatch.setattr(trail_role, "_finish", finish)
    look = ClassicalDetector.trails
    monkeypatch.setattr(ClassicalDetector, "trails", lambda self, pixels: (seen.append(1), look(self, pixels))[1])
    said = scan(tmp_path / "again")
    assert said["finished_before"] == 1
    assert len(seen) == said["images"] == N - 1 - 2
    assert content(said["out"]) == whole


def test_a_finished_scan_reads_no_image_again(scan, tmp_path):
    first = scan(tmp_path / "scan")
    again = scan(tmp_path / "scan")
    assert (again["images"], again["n"]) == (0, first["n"])


def test_half_a_shard_left_behind_is_cleared_away(scan, tmp_path):
    shards = tmp_path / "scan" / "shards"
    shards.mkdir(parents=True)
    (shards / "000000.parquet.17.partial").write_bytes(b"half")
    said = scan(tmp_path / "scan")
    assert said["finished_before"] == 0
    assert not list(shards.glob("*.partial"))


def test_out_may_be_a_file(scan, tmp_path):
    said = scan(tmp_path / "trails.parquet")
    assert said["out"] == str(tmp_path / "trails.parquet")
    assert len(content(said["out"])) == said["n"]


def test_a_file_that_cannot_be_written_is_refused_before_the_scan(scan, tmp_path):
    (tmp_path / "folder.parquet").mkdir()
    assert "folder.parquet: that is a folder." in scan(tmp_path / "folder.parquet")
    assert "trails.parquet: its folder is not there." in scan(tmp_path / "nowhere" / "trails.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.parquet"]


def test_a_folder_of_another_scan_is_refused(scan, archive, tmp_path):
    scan(tmp_path / "scan")
    assert "holds a scan with another --shard (2, not 3). Choose another --out, or delete that folder" in scan(
        tmp_path / "scan", "--shard", "3"
    )
    (archive.parent / "more.csv").write_text(archive.read_text() + "a-8,cutout,0.npy\n")
    assert "holds a scan of another manifest. Choose" in scan(
        tmp_path / "scan", "--data", str(archive.parent / "more.csv")
    )


def test_a_scan_that_found_no_image_gives_way_to_one_of_the_corrected_manifest(scan, archive, tmp_path):
    wrong = archive.parent / "wrong.csv"
    wrong.write_text("external_id,kind,image\na-1,cutout,nosuch.npy\n")
    assert "contains no usable image" in scan(tmp_path / "scan", "--data", str(wrong))
    said = scan(tmp_path / "scan")
    assert (said["images"], said["finished_before"]) == (N - 1, 0)
    assert scan(tmp_path / "scan")["finished_before"] > 0


def test_out_of_memory_says_what_to_do(scan, tmp_path, monkeypatch):
    def too_large(self, pixels):
        raise MemoryError

    monkeypatch.setattr(ClassicalDetector, "trails", too_large)
    assert "WANDERERS_THREADS=1" in scan(tmp_path / "scan")


def test_nothing_to_score(classical, tmp_path, scan):
    assert "does not exist" in scan(tmp_path / "scan", "--data", str(tmp_path / "nowhere.csv"))
    (tmp_path / "empty.csv").write_text("external_id,kind,image\n")
    assert "has no rows below its header" in scan(tmp_path / "scan2", "--data", str(tmp_path / "empty.csv"))


def test_a_shard_size_of_nothing_is_refused(scan, tmp_path):
    assert "--shard" in scan(tmp_path / "scan", "--shard", "0")
