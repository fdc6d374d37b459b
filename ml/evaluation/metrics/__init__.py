"""Metrics of classifiers and detectors, with intervals. No torch.

One concept per file; `docs/metrics.md` has every definition and its source. Import all of it from
`ml.evaluation.metrics`.
"""

from ml.evaluation.metrics.areas import pr_auc, roc_auc, weighted_roc_auc
from ml.evaluation.metrics.binomial import jeffreys
from ml.evaluation.metrics.bootstrap import band, bootstrap, bootstrap_weights, interval
from ml.evaluation.metrics.calibration import ece, log_loss, reliability, weighted_ece
from ml.evaluation.metrics.caveats import caveats
from ml.evaluation.metrics.classes import confusion, kappa, predicted, weighted_accuracy, weighted_kappa
from ml.evaluation.metrics.completeness import Bins, completeness_by, completeness_plane, detection_limit, edges_of
from ml.evaluation.metrics.decisions import binary, weighted_decisions
from ml.evaluation.metrics.detection import (
    DetectionCurve,
    Matched,
    Trails,
    completeness_by_snr,
    detection_curve,
    match_boxes,
    match_curves,
)
from ml.evaluation.metrics.intervals import class_intervals, operating_points
from ml.evaluation.metrics.nights import Nights, by_night
from ml.evaluation.metrics.operating import (
    completeness_at_precision,
    completeness_at_rejection,
    precision_at_completeness,
    rejected_at_completeness,
    threshold_at_completeness,
    workload_cut,
)
from ml.evaluation.metrics.overlap import curve_cover, curve_distance, iou, line_cover, line_distance
from ml.evaluation.metrics.purity import ABUNDANCES, astronomical_purity, purity_at_completeness, surest_purity
from ml.evaluation.metrics.ranking import Ranking, rank
from ml.evaluation.metrics.voxel_curve import VoxelCurve
from ml.evaluation.metrics.voxels import VoxelHistogram

__all__ = [
    "ABUNDANCES",
    "Bins",
    "DetectionCurve",
    "Matched",
    "Nights",
    "Ranking",
    "Trails",
    "VoxelCurve",
    "VoxelHistogram",
    "astronomical_purity",
    "band",
    "binary",
    "bootstrap",
    "bootstrap_weights",
    "by_night",
    "caveats",
    "class_intervals",
    "completeness_at_precision",
    "completeness_at_rejection",
    "completeness_by",
    "completeness_by_snr",
    "completeness_plane",
    "confusion",
    "curve_cover",
    "curve_distance",
    "detection_curve",
    "detection_limit",
    "ece",
    "edges_of",
    "interval",
    "iou",
    "jeffreys",
    "kappa",
    "line_cover",
    "line_distance",
    "log_loss",
    "match_boxes",
    "match_curves",
    "operating_points",
    "pr_auc",
    "precision_at_completeness",
    "predicted",
    "purity_at_completeness",
    "rank",
    "rejected_at_completeness",
    "reliability",
    "roc_auc",
    "surest_purity",
    "threshold_at_completeness",
    "weighted_accuracy",
    "weighted_decisions",
    "weighted_ece",
    "weighted_kappa",
    "weighted_roc_auc",
    "workload_cut",
]
