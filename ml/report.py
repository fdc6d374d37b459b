"""A page about one evaluation: its figures, the curves behind them, and who is taken for whom."""

from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.embed import file_html
from bokeh.layouts import column, row
from bokeh.models.sources import ColumnDataSource
from bokeh.models.widgets import DataTable, Div, TableColumn
from bokeh.plotting import figure
from bokeh.resources import INLINE
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

FIGURES = ("accuracy", "roc_auc", "pr_auc", "precision", "recall", "f1", "kappa", "mcc", "log_loss", "ece")


def write_report(path: Path, said: dict[str, Any], probabilities: NDArray[Any], truth: list[str]) -> None:
    """Write a self-contained HTML page.

    Parameters
    ----------
    path
        The file.
    said
        What `ml.evaluate.evaluate` returned.
    probabilities, truth
        (N, K) and N class names, as they were evaluated.
    """
    real = np.isin(truth, said["positive"])
    p_real = probabilities[:, [said["classes"].index(name) for name in said["positive"]]].sum(1)
    parts: list[Any] = [
        Div(text=f"<h1>Evaluation of {escape(said['checkpoint'])}</h1><p>{said['n']} subjects</p>"),
        _figures(said),
    ]
    if real.any() and not real.all():
        parts.append(row(_roc(real, p_real), _recall(real, p_real)))
    parts.append(_confusion(said))
    path.write_text(file_html(column(*parts), INLINE, "Evaluation"), encoding="utf-8")


def _figures(said: dict[str, Any]) -> DataTable:
    values = ["–" if said[name] is None else f"{said[name]:.4f}" for name in FIGURES]
    spans = [_span(said["intervals"].get(name)) for name in FIGURES]
    source = ColumnDataSource({"figure": FIGURES, "value": values, "interval": spans})
    columns = [TableColumn(field=name, title=name) for name in ("figure", "value", "interval")]
    return DataTable(source=source, columns=columns, index_position=None, height=290, width=600)


def _span(interval: tuple[float | None, float | None] | None) -> str:
    if interval is None or None in interval:
        return ""
    return f"{interval[0]:.4f} to {interval[1]:.4f} (95 %)"


def _roc(real: NDArray[Any], p_real: NDArray[Any]) -> figure:
    false, true, _ = roc_curve(real, p_real)
    return _curve("ROC", "false positive rate", "true positive rate", false, true)


def _recall(real: NDArray[Any], p_real: NDArray[Any]) -> figure:
    precision, recall, _ = precision_recall_curve(real, p_real)
    return _curve("Precision and recall", "recall", "precision", recall, precision)


def _curve(title: str, x_name: str, y_name: str, x: NDArray[Any], y: NDArray[Any]) -> figure:
    plot = figure(title=title, x_axis_label=x_name, y_axis_label=y_name, width=400, height=360, tools="hover,save")
    plot.line(x, y, line_width=2)
    return plot


def _confusion(said: dict[str, Any]) -> DataTable:
    counts = np.array(said["confusion"])
    source = ColumnDataSource({"true": said["classes"], **{f"c{k}": counts[:, k] for k in range(len(counts))}})
    titles = [TableColumn(field=f"c{k}", title=f"said {name}") for k, name in enumerate(said["classes"])]
    height = 40 + 26 * len(counts)
    return DataTable(
        source=source,
        columns=[TableColumn(field="true", title="true"), *titles],
        index_position=None,
        height=height,
        width=800,
    )
