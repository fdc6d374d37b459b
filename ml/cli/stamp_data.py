"""Training data of a stamp classifier: classes, soft targets, merged labels, rate bins, tabular features."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.cli.stamp_options import merged_classes
from ml.cli.subject_slabs import Slab, Tally, positive_of, slabs
from ml.data.dataset import BadExamples, Examples, allowed
from ml.data.rate_bins import bin_names, bin_of, parse_edges
from ml.evaluation.observing_conditions import QUANTITIES
from ml.inference.checkpoint import Checkpoint

POSTERIOR = "posterior"


def examples_from(args: argparse.Namespace, base: Checkpoint | None, tally: Tally) -> Examples:
    """Read `args.data` and return examples with pixels, and tabular features if `args.tabular_features` names any.

    Raises BadExamples if there is nothing to train on; the message says why and what to do.
    """
    edges = None if args.velocity_bins is None else parse_edges(args.velocity_bins)
    merged = merged_classes(args.merge)
    label = merged_label(merged) if edges is None else rate_label(edges)
    parts = list(slabs(args.data, tally, labelled=edges is None))
    _check_merged(merged, {name for part in parts for name in part.labels})
    parts = [part for part in (_labelled(part, label, tally) for part in parts) if part.ids]
    if edges is not None and not parts:
        raise BadExamples(f"No subject has a `rate` from {edges[0]:g} to {edges[-1]:g} arcsec/h: nothing to train on.")
    data = joined_slabs(parts)
    examples = examples_of(data, args.positive, base) if edges is None else _of_rates(data, edges)
    if edges is None:
        examples = _unsure(examples, data)
    names = named(args.tabular_features)
    return replace(examples, values=values(data, names), columns=names) if names else examples


def _check_merged(merged: dict[str, str], labels: set[str]) -> None:
    unknown = [name for name in merged if name not in labels]
    if labels and unknown:
        raise BadExamples(f"--merge names {unknown[0]!r}, which is not one of the labels {', '.join(sorted(labels))}.")


def merged_label(names: dict[str, str]) -> Callable[[Slab, int], str]:
    """Return the function from a label to its (merged) class."""
    return lambda slab, row: names.get(slab.labels[row], slab.labels[row])


def rate_label(edges: Sequence[float]) -> Callable[[Slab, int], str]:
    """Return the function from a rate to its bin; "" for an unknown rate or one outside all bins."""
    return lambda slab, row: bin_of(slab.conditions[row].rate, edges)


def _labelled(slab: Slab, label: Callable[[Slab, int], str], tally: Tally) -> Slab:
    labels = [label(slab, row) for row in range(len(slab.ids))]
    rows = [row for row, name in enumerate(labels) if name]
    if len(rows) < len(labels):
        tally.skipped += len(labels) - len(rows)
        tally.reasons["has no rate in the bins"] += len(labels) - len(rows)
    return slab.take(rows, [labels[row] for row in rows])


def _of_rates(data: Slab, edges: Sequence[float]) -> Examples:
    names = bin_names(edges)
    empty = [name for name in names if name not in data.labels]
    if empty:
        raise BadExamples(
            f"No subject moves at {empty[0]} arcsec/h. Choose other edges for --velocity-bins, or add such subjects."
        )
    targets = np.eye(len(names), dtype=np.float32)[[names.index(label) for label in data.labels]]
    weights = np.ones(len(targets), dtype=np.float32)
    return Examples(targets, weights, np.array(data.groups), names, (), pixels=data.pixels, sided=False)


def _unsure(examples: Examples, data: Slab) -> Examples:
    """Apply posteriors: columns p_CLASS become soft labels, `posterior` the confidence in a label."""
    shares = values(data, tuple(f"p_{name}" for name in examples.classes))
    has_posterior = np.isfinite(shares).all(axis=1) & (shares.sum(axis=1) > 0)
    if (shares[has_posterior] < 0).any():
        raise BadExamples(
            "Some p_CLASS of the manifest is below 0. Posteriors must be from 0 to 1; correct the column."
        )
    targets = examples.targets.copy()
    targets[has_posterior] = shares[has_posterior] / shares[has_posterior].sum(axis=1, keepdims=True)
    posterior = values(data, (POSTERIOR,))[:, 0]
    if ((posterior < 0) | (posterior > 1)).any():
        raise BadExamples("Some `posterior` of the manifest is not between 0 and 1; correct the column.")
    weights = np.where(np.isfinite(posterior) & ~has_posterior, posterior, examples.weights).astype(np.float32)
    if not weights.any():
        raise BadExamples(
            "Every `posterior` of the manifest is 0: no label has any weight, so there is nothing to train on."
        )
    if has_posterior.any():
        examples.notes.append(f"{has_posterior.sum()} of {len(examples)} labels are posteriors (columns p_CLASS).")
    return replace(examples, targets=targets, weights=weights)


def named(metadata: str | None) -> tuple[str, ...]:
    """Split column names such as "snr,mag"."""
    return tuple(dict.fromkeys(name.strip() for name in (metadata or "").split(",") if name.strip()))


def values(slab: Slab, names: Sequence[str]) -> NDArray[np.float32]:
    """Return a manifest's values in some columns, hidden or not: (n, M) float32, NaN where missing."""
    found = np.full((len(slab.ids), len(names)), np.nan, dtype=np.float32)
    for row in range(len(slab.ids)):
        for column, name in enumerate(names):
            found[row, column] = _value(slab, row, name)
    return found


def _value(slab: Slab, row: int, name: str) -> float:
    if name in QUANTITIES:
        return float(getattr(slab.conditions[row], name))
    cells: dict[str, Any] = slab.cells[row]
    cell = next((cells[key] for key in (name, f"#{name}", f"!{name}") if key in cells), None)
    try:
        return float(cell) if cell is not None else float("nan")
    except (TypeError, ValueError):
        return float("nan")


def joined_slabs(parts: list[Slab]) -> Slab:
    """Concatenate blocks.

    Raises BadExamples if there are none, or their shapes differ.
    """
    if not parts:
        raise BadExamples("There is no labelled subject with pixels in the data. Training needs labels.")
    check_shapes(parts, "(frames, channels, height, width)", first=1)
    return Slab(
        np.concatenate([part.pixels for part in parts]),
        [name for part in parts for name in part.ids],
        [name for part in parts for name in part.labels],
        [name for part in parts for name in part.groups],
        [one for part in parts for one in part.conditions],
        [one for part in parts for one in part.sightings],
        [one for part in parts for one in part.cells],
    )


def check_shapes(parts: list[Slab], axes: str, first: int) -> None:
    """Raise BadExamples if shapes differ from axis `first` on, with the number of subjects of each shape."""
    counts: dict[tuple[int, ...], list[str]] = {}
    for part in parts:
        counts.setdefault(part.pixels.shape[first:], []).extend(part.ids)
    if len(counts) > 1:
        shapes = [f"{shape} of {len(ids)}, such as {ids[0]}" for shape, ids in sorted(counts.items())]
        raise BadExamples(f"The subjects differ in shape {axes}: {'; '.join(shapes)}. Train on one shape at a time.")


def examples_of(data: Slab, positive: str | None, base: Checkpoint | None) -> Examples:
    """Return examples with the base's classes if they include every label, else with those in the data."""
    found = tuple(sorted(set(data.labels)))
    if base is not None and set(found) <= set(base.manifest["classes"]):
        classes, real = tuple(base.manifest["classes"]), tuple(base.manifest["positive"])
    else:
        classes, real = found, ()
    if len(classes) < 2:
        raise BadExamples(
            f"Every label is {found[0]!r}: training needs at least two kinds. Add subjects with another label."
        )
    real = positive_of(classes, positive) if positive or not real else real
    return Examples(
        allowed(data.labels, classes, real),
        np.ones(len(data.labels), dtype=np.float32),
        np.array(data.groups),
        classes,
        real,
        pixels=data.pixels,
    )
