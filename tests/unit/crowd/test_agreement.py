import numpy as np
import pytest

from ml.crowd.agreement import entropy, fleiss_kappa, fraction, pairwise

FLEISS = np.array(
    [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]
)  # fmt: skip


def test_kappa_of_a_worked_example():
    """The textbook example of ten subjects and fourteen raters: kappa = 0.210."""
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)
    assert pairwise(FLEISS)[1] == pytest.approx(0.253, abs=5e-4)


def test_kappa_at_its_ends():
    assert fleiss_kappa(np.array([[3, 0], [0, 3]])) == 1
    assert fleiss_kappa(np.array([[1, 1], [1, 1]])) == -1
    assert np.isnan(fleiss_kappa(np.array([[3, 0], [2, 0]])))
    assert np.isnan(fleiss_kappa(np.array([[1, 0], [0, 0]])))


def test_kappa_leaves_out_items_with_one_answer():
    assert fleiss_kappa(np.vstack([FLEISS, [[1, 0, 0, 0, 0]]])) == fleiss_kappa(FLEISS)


def test_fraction_and_entropy():
    counts = np.array([[4, 0, 0], [2, 2, 0], [1, 1, 1], [0, 0, 0]])
    np.testing.assert_allclose(fraction(counts), [1, 0.5, 1 / 3, np.nan])
    np.testing.assert_allclose(entropy(counts), [0, 1, np.log2(3), np.nan])


def test_pairs_need_two():
    np.testing.assert_allclose(pairwise(np.array([[1, 0], [2, 0], [1, 1]])), [np.nan, 1, 0])
