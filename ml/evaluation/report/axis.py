"""Axis limits, ticks, number formats and colour scale, shared by both plotting backends."""

import math

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.report.chart import Chart


def xs(chart: Chart) -> NDArray[np.float64]:
    """Return all values on the x axis."""
    return np.concatenate([np.asarray(series.x, float) for series in chart.series])


def ys(chart: Chart) -> NDArray[np.float64]:
    """Return all values on the y axis."""
    return np.concatenate([np.asarray(series.y, float) for series in chart.series])


def ticks(values: NDArray[np.float64]) -> list[float]:
    """Return ticks of a logarithmic axis: 1, 2 and 5 of each decade, or only 1 over more than two decades."""
    finite = values[np.isfinite(values) & (values > 0)]
    low, high = (finite.min(), finite.max()) if len(finite) else (1.0, 10.0)
    decades = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    steps = (1.0, 2.0, 5.0) if high / low <= 100 else (1.0,)
    found = [step * 10.0**decade for decade in decades for step in steps]
    return [tick for tick in found if low / 1.5 <= tick <= high * 1.5]


def margins(span: tuple[float, float], is_log: bool) -> tuple[float, float]:
    """Return the ends of an axis, slightly wider than its values."""
    if is_log:
        return span[0] / 1.1, span[1] * 1.1
    margin = 0.02 * (span[1] - span[0])
    return span[0] - margin, span[1] + margin


def plain(value: float) -> str:
    """Return a number of three digits or more without an exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


LIGHT, DARK = (235, 239, 250), (20, 46, 130)
UNKNOWN = "#f0f0ee"


def shade(share: float) -> str:
    """Return the colour of a fraction 0..1, from pale to dark blue; grey for NaN."""
    if math.isnan(share):
        return UNKNOWN
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(LIGHT, DARK, strict=True))


def ink(share: float) -> str:
    """Return the text colour on the shade of a fraction."""
    return "#ffffff" if share > 0.45 else "#16191d"
