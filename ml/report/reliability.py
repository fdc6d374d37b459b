"""The reliability diagram: what was said, and what came true."""

import numpy as np

from ml.report.chart import Chart, Columns, Series


def diagram(bins: Columns, note: str, x_label: str, y_label: str) -> Chart:
    """Return the chart of bins as `ml.metrics.reliability` has them, beside the line of a perfect model."""
    said, real, low, high = (np.asarray(bins[name], float) for name in ("said", "real", "low", "high"))
    perfect = Series("perfect", np.array([0, 1]), np.array([0, 1]), dash=1, colour=5)
    model = Series("model", said, real, low, high, kind="points")
    return Chart("reliability", "Calibration", note, x_label, y_label, (model, perfect), bins, x_span=(0, 1))
