"""Rates of motion are shown with the digits that they deserve."""

import pytest

from webapp.archive.templatetags.rates import as_rate, with_error


@pytest.mark.parametrize(
    ("rate", "shown"),
    [(7493.4, "7493"), (749.34, "749.3"), (12.3456, "12.35"), (0.05, "0.05"), (0.0, "0.00"), (None, "–")],
)
def test_a_rate_has_four_significant_digits(rate, shown):
    assert as_rate(rate) == shown


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (7493.4, 12.3, "7493 ± 12"),
        (7493.4, 250.0, "7493 ± 250"),
        (34.5678, 0.0456, "34.568 ± 0.046"),
        (5.0, 0.0, "5.00 ± 0.00"),
    ],
)
def test_an_error_says_how_many_decimals_a_value_has(value, error, shown):
    assert with_error(value, error) == shown
