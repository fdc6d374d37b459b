"""Volunteers' lines: read, checked, and merged into one line per trail."""

import numpy as np
import pytest

from ml.data.dataset import BadExamples
from ml.trails.line_marks import SINGLE, Mark, consensus_lines, on_same_trail, outside, read_marks


def marks_of(*lines):
    return [Mark(f"v{n}", line) for n, line in enumerate(lines)]


def test_lines_about_one_trail_become_one_whichever_way_they_were_drawn():
    (one,) = consensus_lines(marks_of((10, 10, 110, 60), (112, 61, 9, 12), (11, 8, 108, 59)))
    assert np.sort(one.line.reshape(2, 2), axis=0) == pytest.approx(np.array([[10, 10], [110, 60]]), abs=3)
    assert (one.volunteers, one.weight) == (3, 1.0)


def test_a_short_line_on_a_long_one_is_the_same_trail():
    assert len(consensus_lines(marks_of((0, 0, 100, 0), (20, 2, 70, 3)))) == 1


def test_two_trails_stay_two_and_a_single_line_weighs_less():
    pair = consensus_lines(marks_of((10, 10, 110, 60), (11, 12, 109, 62), (10, 200, 110, 200)))
    assert sorted((one.volunteers, one.weight) for one in pair) == [(1, SINGLE), (2, 1.0)]


def test_one_volunteer_who_drew_twice_counts_once():
    (one,) = consensus_lines([Mark("anna", (10, 10, 110, 60)), Mark("anna", (10, 11, 110, 61))])
    assert (one.volunteers, one.weight) == (1, SINGLE)


def test_lines_that_cross_are_two_trails():
    assert len(consensus_lines(marks_of((0, 50, 100, 50), (50, 0, 50, 100)))) == 2


def test_a_short_line_lies_on_the_long_one_only():
    marks, others = marks_of((20, 2, 70, 3), (20, 80, 70, 80)), marks_of((0, 0, 100, 0))
    assert on_same_trail(marks, others).tolist() == on_same_trail(others, marks).T.tolist() == [[True], [False]]
    assert on_same_trail(marks, []).shape == (2, 0)


def test_no_marks_are_no_trails():
    assert consensus_lines([]) == []


def test_marks_outside_of_the_image():
    inside, beyond = marks_of((0, 0, 99, 49), (0, 0, 101, 20))
    assert outside([inside, beyond], (50, 100)) == [beyond]


@pytest.mark.parametrize("ends", ["x1,y1,x2,y2", "x1_px,y1_px,x2_px,y2_px"])
def test_marks_are_read_by_subject(tmp_path, ends):
    path = tmp_path / "marks.csv"
    path.write_text(f"external_id,volunteer,{ends}\nh-1,anna,1,2,3,4\nh-1,ben,1,2,3,5\nh-2,anna,0,0,9,9\n")
    found = read_marks(path)
    assert found["h-1"][1] == Mark("ben", (1, 2, 3, 5))
    assert set(found) == {"h-1", "h-2"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("external_id,x1,y1,x2,y2\n", "no column volunteer"),
        ("external_id,volunteer,x1,y1,x2\n", "no column y2"),
        ("external_id,volunteer,x1,y1,x2,y2\nh-1,anna,1,2,3,far\n", "row 2"),
        ("external_id,volunteer,x1,y1,x2,y2\nh-1,anna,1,2,3,nan\n", "row 2"),
        ("external_id,volunteer,frame,x1,y1,x2,y2\nh-1,anna,-1,1,2,3,4\n", "row 2: frame is '-1'"),
        ("external_id,volunteer,x1,y1,x2,y2\n", "holds no mark"),
    ],
)
def test_bad_marks_are_named(tmp_path, text, said):
    path = tmp_path / "marks.csv"
    path.write_text(text)
    with pytest.raises(BadExamples, match=said):
        read_marks(path)
