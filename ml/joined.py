"""One head over several looks at a stamp: each look has a head of its own, and their logits are averaged."""

from collections.abc import Sequence

import torch

from ml.head import LinearHead, Regression, Report


class Joined:
    """Heads that are fitted apart, one for each look, and joined to one over all features side by side.

    A single head over all features would lean on few of them; on the real ZTF night the mean of two heads has the
    better AUC (docs/models.md).

    Parameters
    ----------
    looks
        Regressions on the same examples, each with the features (N, D) of one look.
    """

    def __init__(self, looks: Sequence[Regression]) -> None:
        self.looks = looks

    def fit(self, ridge: float, *, start: LinearHead | None = None, report: Report | None = None) -> LinearHead:
        """Fit each look's head as `Regression.fit` does, and join them; only the last look's epochs are reported.

        `ridge` is that of the widest look. One of fewer features gets so much less, since each of them counts for more.
        """
        widths = [len(look.mean) for look in self.looks]
        ridges = [ridge * width / max(widths) for width in widths]
        starts = [None] * len(self.looks) if start is None else parted(start, widths)
        heads: list[LinearHead] = []

        def joined_so_far(loss: float, last: LinearHead) -> None:
            assert report is not None  # noqa: S101 - for the type checker
            report(loss, joined([*heads, last]))

        for look, its_ridge, begin in zip(self.looks[:-1], ridges[:-1], starts[:-1], strict=True):
            heads.append(look.fit(its_ridge, start=begin))
        told = None if report is None else joined_so_far
        heads.append(self.looks[-1].fit(ridges[-1], start=starts[-1], report=told))
        return joined(heads)


def joined(heads: Sequence[LinearHead]) -> LinearHead:
    """Return the head over features side by side whose logits are the mean of those of `heads`."""
    weight = torch.cat([head.weight for head in heads], dim=1) / len(heads)
    return LinearHead(weight, torch.stack([head.bias for head in heads]).mean(0))


def parted(head: LinearHead, widths: Sequence[int]) -> list[LinearHead]:
    """Return one head for each look of so many features, which `joined` makes `head` of; they share its bias."""
    return [LinearHead(weight * len(widths), head.bias) for weight in head.weight.split(list(widths), dim=1)]
