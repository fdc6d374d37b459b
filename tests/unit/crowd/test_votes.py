import numpy as np
import pytest

from ml.crowd.read import coded, read_arrow, read_columns, read_truth, read_votes
from ml.crowd.votes import BadVotes, Votes, encode


def write(tmp_path, text, name="labels.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def test_votes_are_encoded_in_order():
    votes = Votes.of(["b", "a", "b"], ["w2", "w1", "w1"], ["yes", "unsure", "no"])
    assert votes.items == ("a", "b")
    assert votes.workers == ("w1", "w2")
    assert votes.classes == ("no", "yes")
    assert votes.item.tolist() == [1, 0, 1]
    assert votes.answer.tolist() == [1, 2, 0]
    assert votes.counts().tolist() == [[0, 0, 1], [1, 1, 0]]


def test_numbers_are_sorted_as_numbers():
    assert Votes.of(["a"] * 3, ["w"] * 3, ["10", "9", "2"]).classes == ("2", "9", "10")


def test_classes_nobody_chose_may_be_named():
    assert Votes.of(["a"], ["w"], ["yes"], classes=("no", "yes")).classes == ("no", "yes")


def test_truth_of_items_and_classes_never_voted_for_is_unknown():
    votes = Votes.of(["a", "b", "c"], ["w"] * 3, ["no", "yes", "no"])
    assert votes.codes_of({"a": "yes", "b": "maybe", "z": "no"}).tolist() == [1, -1, -1]


def test_byte_order_marks_windows_lines_and_other_columns_are_read(tmp_path):
    path = write(tmp_path, "\ufeffitem,worker,label,when\r\n1,anna,yes,now\r\n2,ben,unsure,\r\n")
    votes = read_votes(path)
    assert votes.items == ("1", "2")
    np.testing.assert_array_equal(votes.answer, [0, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("item,worker\n1,a\n", "labels.csv has no column 'label'; it needs item, worker, label"),
        ("", "has no column 'item'"),
        ("item,worker,label\n", "labels.csv holds no votes"),
        ("item,worker,label\n1,a,unsure\n", "nothing but 'unsure'"),
        ("item,worker,label\n1,a,yes\n2,b,NaN\n", "labels.csv: a label is NaN; leave the vote out, or write 'unsure'"),
        ("item,worker,label\n1,a,yes\n2,,no\n", "labels.csv row 3: worker is empty"),
        ("item,worker,label\n1,a\n", "labels.csv row 2: label is empty"),
    ],
)
def test_bad_files_are_named_with_their_row(tmp_path, text, message):
    with pytest.raises(BadVotes, match=message):
        read_votes(write(tmp_path, text))


def test_the_quick_reader_reads_what_the_careful_one_reads(tmp_path):
    """Quotes, commas and line breaks in names, blanks around them, empty lines, columns in another order, a mark."""
    path = write(
        tmp_path,
        '\ufefflabel,when,"worker",item\r\n yes,now,"Lee, Ann",1\r\nno,,"two\nlines", 1 \r\n\r\n'
        'unsure,x,"say ""hi""",3\r\nyes,x, Lee ,2\r\n',
    )
    names = ("item", "worker", "label")
    slow = [encode(column) for column in read_columns(path, names)]
    quick = [coded(read_arrow(path, names)[name]) for name in names]
    for (values, codes), (expected_values, expected_codes) in zip(quick, slow, strict=True):
        assert values == expected_values
        np.testing.assert_array_equal(codes, expected_codes)
    assert read_votes(path).workers == ("Lee", "Lee, Ann", 'say "hi"', "two\nlines")


def test_files_that_are_not_text(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(b"item,worker,label\n\xff\xfe,a,b\n")
    with pytest.raises(BadVotes, match=r"not text in UTF-8 \(line 2\)"):
        read_votes(path)
    with pytest.raises(BadVotes, match=r"none\.csv cannot be read"):
        read_votes(tmp_path / "none.csv")


def test_truth_is_a_mapping(tmp_path):
    assert read_truth(write(tmp_path, "item,truth\n1,yes\n")) == {"1": "yes"}
