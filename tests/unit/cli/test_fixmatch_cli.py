"""`python -m ml train --preset fixmatch`: a model from labels and unlabelled stamps, and one line for bad input."""

import numpy as np
import pytest

from ml.cli import unlabelled_data
from ml.cli.subject_slabs import Tally
from ml.data.dataset import Examples
from ml.simulate.euclid.euclid_field import euclid
from ml.training import fixmatch
from tests.unit.cli.test_stamps import changed, complaint, made, said, train

__all__ = ["made"]


@pytest.fixture(scope="module")
def skies(tmp_path_factory):
    """Return three manifests: 40 subjects to label, 60 others, and 4 of one channel."""
    folder = tmp_path_factory.mktemp("skies")
    return [euclid(n, seed, folder / str(n), size=40, dithers=k) for n, seed, k in ((40, 5, 3), (60, 6, 3), (4, 7, 1))]


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    for name, value in {"STEPS": 4, "ROUNDS": 2, "LABELLED": 8, "UNLABELLED": 8}.items():
        monkeypatch.setattr(fixmatch, name, value)


def test_a_model_learns_from_a_pool_whose_labels_are_not_read(skies, made, capsys):
    sky, others, _ = skies
    blank = changed(others, "blank.csv", lambda row, _: row.update(label="no such class"))
    assert train(sky, made, "--preset", "fixmatch", "--unlabelled", str(blank)) == 0
    told = said(capsys)
    assert (told["preset"], told["architecture"], told["n"]) == ("fixmatch", "sky", 40)
    assert 30 < told["unlabelled"] < 60


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--preset", "fixmatch"], "Name their manifest with --unlabelled POOL.csv"),
        (["--preset", "head", "--unlabelled", "{pool}"], "--unlabelled would change nothing for preset head"),
        (
            ["--preset", "fixmatch", "--unlabelled", "{pool}", "--monte-carlo", "3"],
            "--monte-carlo is not for preset fixm",
        ),
        (["--preset", "fixmatch", "--unlabelled", "{pool}", "--init", "scratch"], "goes on from a trained network"),
        (["--preset", "fixmatch", "--unlabelled", "{pool}", "--freeze"], "leave out --freeze"),
        (
            ["--preset", "fixmatch", "--unlabelled", "{single}"],
            "(1, 1, 40, 40) of 4, but the labelled ones (1, 3, 40, 40)",
        ),
        (["--preset", "fixmatch", "--unlabelled", "{empty}"], "empty.csv: has no rows below its header"),
        (["--preset", "fixmatch", "--unlabelled", "{missing}"], "nowhere.csv"),
    ],
)
def test_bad_input_is_one_sentence(skies, made, capsys, options, sentence):
    sky, pool, single = skies
    empty = pool.with_name("empty.csv")
    empty.write_text(pool.read_text().splitlines()[0] + "\n")
    missing = pool.with_name("nowhere.csv")
    paths = {"pool": pool, "single": single, "empty": empty, "missing": missing}
    assert train(sky, made, *(word.format(**paths) for word in options)) == 2
    assert sentence in complaint(capsys)


def test_of_a_large_manifest_a_sample_is_read_always_the_same(skies, monkeypatch):
    pool = skies[1]
    monkeypatch.setattr(unlabelled_data, "MOST_SUBJECTS", 10)
    monkeypatch.setattr(unlabelled_data, "SPARE", 0)
    examples = Examples(*[None] * 5, pixels=np.zeros((1, 1, 3, 40, 40)))
    backwards = pool.with_name("backwards.csv")
    head, *rows = pool.read_text().splitlines()
    backwards.write_text("\n".join([head, *rows[::-1]]) + "\n")
    one, other = (unlabelled_data.unlabelled_from(path, examples, Tally()) for path in (pool, backwards))
    assert len(one) == 10
    assert list(one.names) == list(other.names)
    assert np.array_equal(one.pixels[np.arange(10)], other.pixels[np.arange(10)], equal_nan=True)
