"""Evaluate a stamp or tracklet classifier on a labelled manifest."""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cli.score_classifier import CALLED, FEWEST, probabilities_of
from ml.cli.stamp_data import values
from ml.cli.subject_slabs import Slab, Tally, positive_of, slabs
from ml.data.dataset import BOGUS_WORDS, REAL_WORDS, BadExamples
from ml.evaluation import observing_conditions
from ml.evaluation.classifier import evaluate_probabilities as figures_of
from ml.evaluation.stratified import ScoredSubjects, stratified
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import TRACKLET_CLASSES, Scorer

Comparison = tuple[NDArray[np.float32], tuple[str, ...], tuple[str, ...], list[str | None]]
"""Probabilities (n, K), the K classes, the real ones among them, and the true class of each (None: unknown)."""


def evaluate_classifier(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """Score the labelled subjects and return the metrics."""
    scorer, tally = Scorer(checkpoint), Tally()
    data, scored = read_scored(args.data, scorer, tally)
    data.labels = [checkpoint.manifest.get("merged", {}).get(label, label) for label in data.labels]
    result, answers = classifier_figures(
        args, scorer, tally, data, comparable(scorer, scored, data.labels, args.positive)
    )
    result["notes"] += [*unknown_labels(scorer, data.labels), *missing_columns(data, scorer)]
    finish(args, result, answers)
    return result


def classifier_figures(
    args: argparse.Namespace, scorer: Scorer, tally: Tally, data: Slab, comparison: Comparison
) -> tuple[dict[str, Any], ScoredSubjects]:
    """Return the figures of scored subjects, and what they were made from.

    Raises BadExamples if none of the labels can be compared with the model's classes.
    """
    p, classes, positive, truth = comparison
    threshold = decision_threshold(args, scorer.checkpoint)
    known: NDArray[np.bool_] = np.array([label is not None for label in truth])
    for label in sorted({label for label, fine in zip(data.labels, known, strict=True) if not fine}):
        tally.complain(f"label {label!r} is not one of the model's classes, yes or no: correct it in the manifest")
    if not known.any():
        raise BadExamples(f"No label is one of the model's classes {', '.join(scorer.stamp_classes)}, yes or no.")
    names, groups = [label for label in truth if label is not None], np.array(data.groups)[known]
    result = figures_of(p[known], names, classes, positive, groups, seed=args.seed, threshold=threshold)
    conditions = observing_conditions.merged_conditions(
        data.ids, data.conditions, observing_conditions.of_truth(args.data)
    ).take(known)
    answers = answers_of(p[known], names, classes, positive, groups, conditions, threshold)
    result |= stratified(answers)
    result["notes"] += conditions.unknown(answers.real)
    return result | {"skipped": tally.skipped, "role": scorer.role, "checkpoint": str(args.checkpoint)}, answers


def finish(
    args: argparse.Namespace, result: dict[str, Any], answers: ScoredSubjects, *, at_threshold: bool = False
) -> None:
    """Write the notes to stderr, and the report where one is asked for, with a chart of nights `at_threshold`."""
    for note in result["notes"]:
        sys.stderr.write(f"note: {note}\n")
    if not args.report and not args.plots:
        return
    from ml.evaluation.report import classifier_charts, page  # only now: matplotlib takes a second

    charts = classifier_charts.classifier_charts(result, answers, seed=args.seed) + (
        [classifier_charts.nights_at_threshold(answers)] if at_threshold else []
    )
    heading = page.Heading(
        f"Evaluation of {result['checkpoint']}", classifier_charts.classifier_summary(result), result["notes"]
    )
    page.write_page(heading, classifier_charts.figure_table(result), charts, html=args.report, plots=args.plots)


def decision_threshold(args: argparse.Namespace, checkpoint: Checkpoint) -> float:
    """Return the requested threshold, else the checkpoint's own, else 0.5."""
    threshold = float(checkpoint.manifest.get("threshold", 0.5) if args.threshold is None else args.threshold)
    if not 0 <= threshold <= 1:
        raise BadExamples(f"--threshold is a probability from 0 to 1, not {threshold:g}.")
    return threshold


def read_scored(path: Path, scorer: Scorer, tally: Tally) -> tuple[Slab, NDArray[np.float32]]:
    """Return all labelled subjects, without their pixels, and their probabilities (n, K).

    Raises BadExamples if there are none.
    """
    scored, together = [], Slab(np.empty(0), [], [], [])
    for slab in slabs(path, tally, labelled=True, fewest=FEWEST[scorer.role]):
        scored.append(probabilities_of(scorer, slab))
        for name in ("ids", "labels", "groups", "conditions", "sightings", "cells"):
            getattr(together, name).extend(getattr(slab, name))
    if not scored:
        raise BadExamples(
            f"There is no labelled {CALLED[scorer.role]} with pixels in the data: nothing to judge the model by."
        )
    return together, np.concatenate(scored)


def unknown_labels(scorer: Scorer, labels: list[str]) -> list[str]:
    """Return a warning if labels unknown to a stamp model leave only real against bogus to evaluate."""
    unknown = sorted(set(labels) - set(scorer.classes))
    if scorer.role != "stamp" or not unknown:
        return []
    return [
        f"{', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} none of the model's classes"
        f" {', '.join(scorer.classes)}, so only real against bogus is judged. Correct the labels in the manifest to see"
        " every class."
    ]


def missing_columns(data: Slab, scorer: Scorer) -> list[str]:
    """Return a warning for each tabular feature that no subject has."""
    known = [bool(column.any()) for column in np.isfinite(values(data, scorer.columns)).T]
    return [
        f"The model can use `{name}` besides the pixels, but the data lack it, so it works without. Add a column"
        f" {name} to the manifest."
        for name, measured in zip(scorer.columns, known, strict=True)
        if not measured
    ]


def answers_of(
    p: NDArray[np.float32],
    names: list[str],
    classes: tuple[str, ...],
    positive: tuple[str, ...],
    groups: NDArray[Any],
    conditions: observing_conditions.Conditions,
    threshold: float,
) -> ScoredSubjects:
    """Return real or bogus for the subjects that have a score (a row of NaN has none)."""
    scored = np.asarray(np.isfinite(p).all(axis=1))
    p_real = np.clip(p[:, [classes.index(name) for name in positive]].sum(1, dtype=np.float64), 0, 1)
    real = np.isin(names, positive)
    return ScoredSubjects(real[scored], p_real[scored], groups[scored], threshold, conditions.take(scored))


def comparable(scorer: Scorer, p: NDArray[np.float32], labels: list[str], named: str | None) -> Comparison:
    """Return probabilities, classes, positive and truth in one set of classes.

    Fine classes if every label is a class of the model; else real against bogus, with None for a label that is neither
    a class nor a word for yes or no.
    """
    if scorer.role == "stamp" and set(labels) <= set(scorer.classes):
        positive = positive_of(scorer.classes, named) if named else scorer.positive
        return p, scorer.classes, positive, list(labels)
    real = set(positive_of(sorted(set(labels)), named) if named else scorer.manifest["positive"])
    bogus = set(labels if named else scorer.stamp_classes) - real
    p_real = scorer.p_real(p)
    return (
        np.stack([1 - p_real, p_real], axis=1),
        TRACKLET_CLASSES,
        ("real",),
        [real_or_bogus(x, real, bogus) for x in labels],
    )


def real_or_bogus(label: str, real: set[str], bogus: set[str]) -> str | None:
    """Return "real" or "bogus" for a label, or None."""
    if label in real or label.lower() in REAL_WORDS:
        return "real"
    return "bogus" if label in bogus or label.lower() in BOGUS_WORDS else None
