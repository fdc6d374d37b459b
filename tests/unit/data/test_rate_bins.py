"""Rate bins, and invalid edges."""

import numpy as np
import pytest

from ml.data.dataset import BadExamples
from ml.data.rate_bins import bin_names, bin_of, edges_of


@pytest.mark.parametrize(
    ("rate", "name"),
    [(10, "10–20"), (19.99, "10–20"), (20, "20–40.5"), (40.5, "20–40.5"), (9.9, ""), (41, ""), (np.nan, "")],
)
def test_a_rate_has_one_bin_or_none(rate, name):
    edges = edges_of("10,20,40.5")
    assert bin_names(edges) == ("10–20", "20–40.5")
    assert bin_of(rate, edges) == name


@pytest.mark.parametrize("words", ["10,20", "20,10,30", "a,b,c", "10,10,20", "10,20,inf", ""])
def test_edges_rise(words):
    with pytest.raises(BadExamples, match="three or more rising rates"):
        edges_of(words)
