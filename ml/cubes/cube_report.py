"""The evaluation report of a cube model."""

from pathlib import Path
from typing import Any

from ml.cubes.object_completeness import SEEN
from ml.cubes.voxel_metrics import Reliability, VoxelCounts
from ml.evaluation.completeness import Search
from ml.evaluation.report import page
from ml.evaluation.report.chart import Chart, Columns
from ml.evaluation.report.classifier_charts import reliability_chart
from ml.evaluation.report.conditions import Wording, conditions
from ml.evaluation.report.magnitude_limits import voxel_charts

COLUMNS = {
    "ROC AUC": "roc_auc",
    "PR AUC": "pr_auc",
    "ROC AUC, nothing ignored": "roc_auc_all",
    "PR AUC, nothing ignored": "pr_auc_all",
    "ROC AUC of the pixels": "raw_roc_auc",
    "PR AUC of the pixels": "raw_pr_auc",
}


def write_cube_report(
    result: dict[str, Any],
    counts: VoxelCounts,
    meant: Reliability,
    search: Search,
    html: Path | None,
    plots: Path | None,
) -> None:
    """Write the page, the plots, or both."""
    summary = (
        f"{result['n']} cubes. Movers brighter than each limit against all empty voxels; ROC and PR ignore scores"
        " within 0.001 of 0 and 1, as the W-Net paper does, unless it is said otherwise. Intervals are 95 %, by a"
        " bootstrap over cubes."
    )
    heading = page.Heading(f"Evaluation of {result['checkpoint']}", summary, result["notes"])
    found = f"followed by a track, linked from voxels of {result['threshold']:.3g} or more"
    words = Wording(f"objects visible in {SEEN} frames or more", found, "score")
    drawn = [*voxel_charts(counts.network), _calibration(meant), *conditions(search, words)]
    page.write_page(heading, _figures(result["limits"]), drawn, html=html, plots=plots)


def _calibration(meant: Reliability) -> Chart:
    (low, high), n = meant.span, meant.bins["n"]
    first = 100 * n[0] / max(1, n.sum())
    return reliability_chart(
        meant.bins,
        f"Of all measured voxels. Their calibration error is {meant.ece:.2g} (95 % {low:.2g} to {high:.2g}); of them"
        f" {first:.2f} % lie in the first bin, which dominates it. Below the line the model is"
        " overconfident, above it underconfident; whiskers are 95 %, by a bootstrap over cubes.",
        "predicted probability of a mover",
        "fraction of voxels with a mover",
    )


def _figures(rows: list[dict[str, Any]]) -> Columns:
    table: dict[str, list[str]] = {"brighter than": [f"{row['limit']:g}" for row in rows]}
    for title, name in COLUMNS.items():
        table[title] = [f"{row[name]:.4f}" for row in rows]
        table[f"{title}: 95 % interval"] = ["{:.4f} to {:.4f}".format(*row["intervals"][name]) for row in rows]
    return table
