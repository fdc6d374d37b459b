"""Out-of-fold predictions: what cross-validated heads say of labels that they were not trained on.

A champion has learnt its training set by heart, more or less, so its scores there flatter it. Where a training run was
asked to cross-validate, each label was scored by a head trained without its object; the file lies beside the weights.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from django.conf import settings

from webapp.learning.models import Checkpoint

FILE = "cross-validated.parquet"


def write(folder: Path, subjects: Iterable[int], p_real: Iterable[float]) -> None:
    """Write the scores of the subjects (primary keys) beside the checkpoint's weights."""
    pd.DataFrame({"subject_id": list(subjects), "p_real": list(p_real)}).to_parquet(folder / FILE, index=False)


def read(checkpoint: Checkpoint) -> dict[int, float]:
    """Return p_real by subject; empty for a checkpoint that was not cross-validated."""
    path = Path(settings.DATA) / checkpoint.folder / FILE
    if not path.is_file():
        return {}
    table = pd.read_parquet(path)
    return dict(zip(table["subject_id"].tolist(), table["p_real"].tolist(), strict=True))
