"""Heads judged on real stamps of which they have seen no label: a ZTF night, and the glints of a satellite."""

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from astropy.io import fits

from bench.backbone.curve import auc_of, with_features
from bench.backbone.skies import alerts_examples
from bench.night.examples import night
from ml.data.dataset import Examples
from ml.inference.feature_extractor import Backbone
from ml.training.callbacks import silent
from ml.training.head_training import log_scores, train_head

SIMULATED = 2000
PLANES = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def glints(folder: Path) -> np.ndarray:
    """Return stamps (16, 1, 3, 63, 63): 15 flashes of a satellite on a line in one exposure, and one more alert."""
    rows = pq.read_table(folder / "tracklet_alerts.parquet", columns=list(PLANES)).to_pylist()
    stamps = [[fits.getdata(io.BytesIO(gzip.decompress(row[plane]["stampData"]))) for plane in PLANES] for row in rows]
    return np.asarray(stamps, dtype=np.float32)[:, None]


def unlabelled_figures(folder: Path, backbone: Backbone) -> dict[str, Any]:
    """Return the night's AUC by a head of simulated alerts, and how many glints it and a head of the night call movers.

    `folder` is that of the real data.
    """
    simulated = with_features(alerts_examples(SIMULATED, 1), backbone)
    real = with_features(night(folder / "ztf-night-20181128"), backbone)
    flashes = backbone.features(glints(folder / "satellite-glints"))
    crops = backbone.parts(flashes.shape[-1])
    found: dict[str, Any] = {}
    for name, known in (("simulated", simulated), ("night", real)):
        head = train_head(known, _features(known), seed=0, on_epoch=silent, crops=crops)[0].stamp
        p_real = log_scores(head, flashes)[:, 0, 1].exp().numpy()
        found[f"glints called movers, head of the {name}"] = f"{(p_real > 0.5).sum()} of {len(p_real)}"
        if known is simulated:
            p = log_scores(head, _features(real))[:, 0].exp().numpy()
            found["night, head of simulated alerts"] = round(auc_of(p, real), 4)
    return found


def _features(examples: Examples) -> np.ndarray:
    assert examples.features is not None
    return examples.features
