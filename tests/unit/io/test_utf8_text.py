"""A CSV file that is not UTF-8 is refused in plain words, with its line, wherever one is read."""

import pytest

from ml.crowd.read import read_truth, read_votes
from ml.cubes.crossmatch import KnownTable
from ml.evaluation.observing_conditions import of_truth
from ml.io import utf8_text
from ml.io.read_subjects import read_subjects
from ml.io.utf8_text import line_not_utf8
from ml.sky.detection_table import read_detections
from ml.trails.line_marks import read_marks

ROWS = "item,worker,label,truth,external_id,image,volunteer,x1,y1,x2,y2\n" + "a,b,yes,yes,a,a.fits,b,1,1,9,9\n" * 3


@pytest.fixture
def latin(tmp_path):
    path = tmp_path / "truth.csv"
    path.write_bytes((ROWS + "Größe,b,yes,yes,a,a.fits,b,1,1,9,9\n").encode("latin-1"))
    return path


@pytest.mark.parametrize("read", [read_votes, read_truth, read_marks, read_detections, KnownTable, of_truth])
def test_every_reader_says_where_and_what_to_do(latin, read):
    with pytest.raises(ValueError, match=r"truth\.csv is not text in UTF-8 \(line 5\)\. Save it as CSV in UTF-8\."):
        read(latin)


def test_a_manifest_says_so_too(latin):
    *_, bad = read_subjects(latin)
    assert "is not UTF-8 text (line 5). Save it as CSV UTF-8" in str(bad)


@pytest.mark.parametrize("piece", [1, 2, 7, 2**20])
def test_the_line_is_found_wherever_the_file_is_cut(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(utf8_text, "_PIECE", piece)
    path = tmp_path / "a.csv"
    for content, line in ((b"a\nb\xff\nc", 2), ("Größe\nä\n".encode() + b"\xc3", 3), (b"\xff\xfea\0", 1), (b"a\nb", 2)):
        path.write_bytes(content)
        assert line_not_utf8(path) == line, content
