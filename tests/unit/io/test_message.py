"""A message is an English sentence that remembers its template and values."""

import json
import pickle

import pytest

from ml.io.message import Message, after, from_json, message_of, reason_of, to_json
from ml.io.records import BadInput

NESTED = Message("its %(channel)s stamp %(problem)s", channel="difference", problem=Message("is 5 %% of it"))


def test_a_message_is_its_sentence():
    message = Message("has planes 0 to %(most)s, but %(error)s", most=3, error=ValueError("no"))
    assert message == "has planes 0 to 3, but no"
    assert (message.template, message.values) == ("has planes 0 to %(most)s, but %(error)s", {"most": 3, "error": "no"})
    assert f"{message}." == "has planes 0 to 3, but no."
    assert json.dumps(message) == '"has planes 0 to 3, but no"'


def test_a_slot_without_a_value_is_refused():
    with pytest.raises(KeyError, match="most"):
        Message("%(most)s are allowed.")


@pytest.mark.parametrize("text", [NESTED, Message("%(low)s to %(n)s", low=-0.5, n=7), "100 % plain", ""])
def test_a_text_survives_json_and_processes(text):
    for back in (from_json(json.loads(json.dumps(to_json(text)))), pickle.loads(pickle.dumps(text))):
        assert (back, type(back)) == (text, type(text))
        assert getattr(back, "values", None) == getattr(text, "values", None)
        assert to_json(back) == to_json(text)


def test_the_json_names_template_and_values():
    assert to_json(NESTED) == {
        "text": "its %(channel)s stamp %(problem)s",
        "values": {"channel": "difference", "problem": {"text": "is 5 %% of it", "values": {}}},
    }


def test_characters_that_no_database_holds_are_replaced():
    assert to_json(Message("%(name)s", name="a\0b\udc80"))["values"] == {"name": "a�b?"}
    assert to_json("a\0b\udc80") == "a�b?"


def test_a_refusal_keeps_its_place_its_reason_and_its_values():
    bad = BadInput("is %(size)s; %(most)s are allowed.", size="3 MB", most="1 MB").at(file="night.csv", row=3)
    for each in (bad, pickle.loads(pickle.dumps(bad)), bad.at(file="other.csv", row=9)):
        assert str(each) == "night.csv row 3: is 3 MB; 1 MB are allowed."
        assert (each.reason, each.file, each.row, each.image) == ("is 3 MB; 1 MB are allowed.", "night.csv", 3, "")
        assert each.reason.values == {"size": "3 MB", "most": "1 MB"}
        assert message_of(each).values == {"place": "night.csv row 3", "problem": each.reason}


def test_an_error_says_its_message():
    assert message_of(RuntimeError(NESTED)) is NESTED
    assert message_of(OSError(2, "No such file")) == "[Errno 2] No such file"


def test_people_read_the_sentence_of_an_error_without_its_class():
    assert reason_of(RuntimeError(NESTED)) is NESTED
    assert reason_of(OSError(2, "No such file", "night.csv")) == "night.csv: No such file"
    assert reason_of(ValueError()) == "ValueError"
    assert reason_of(KeyError("mjd")) == "KeyError: 'mjd'"


def test_a_problem_without_a_place_is_unchanged():
    assert after("", NESTED) is NESTED
    assert after("a.fits", "is empty") == "a.fits: is empty"


def test_a_long_text_is_cut():
    stored = to_json(Message("%(cell)s is no number.", cell="9" * 1_000_000))
    assert len(stored["values"]["cell"]) < 2_010
    assert from_json(stored).endswith("9 … is no number.")
