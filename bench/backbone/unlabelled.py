"""Heads judged on real stamps of which they have seen no label: a ZTF night, glints, faint trails and cosmic rays."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from astropy.io import fits

from bench.backbone.curve import auc_of, with_features
from bench.backbone.skies import alerts_examples, ground_examples
from bench.night.examples import night
from ml.data.dataset import Examples
from ml.evaluation.metrics.ranking import roc_auc
from ml.inference.feature_extractor import Backbone
from ml.training.callbacks import silent
from ml.training.head_training import log_scores, train_head

SIMULATED = 2000
PLANES = ("cutoutScience", "cutoutTemplate", "cutoutDifference")
EXPOSED = slice(16, 528)  # TRIMSEC
HITS = [  # y, x where astroscrappy 1.3.0 finds one: detect_cosmics(exposed, gain=1.9, readnoise=5, sigclip=4.5)
    (8, 170), (24, 480), (70, 78), (94, 467), (119, 371), (122, 324), (131, 39), (134, 284), (137, 389), (160, 137),
    (167, 133), (217, 193), (231, 305), (263, 126), (278, 109), (306, 403), (419, 388), (464, 272),
]  # fmt: skip


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
    return found | ground_figures(folder, backbone)


def ground_figures(folder: Path, backbone: Backbone) -> dict[str, Any]:
    """Return how a head of simulated difference stamps from the ground takes Rubin's trails, and real cosmic rays."""
    known = with_features(ground_examples(SIMULATED, 1), backbone)
    crops = backbone.parts(_features(known).shape[-1])
    head = train_head(known, _features(known), seed=0, on_epoch=silent, crops=crops)[0].stamp

    def p_trail(stamps: list[np.ndarray]) -> np.ndarray:
        features = np.concatenate([backbone.features(stamp[None, None, None]) for stamp in stamps])
        return log_scores(head, features)[:, 0, 1].exp().numpy()

    trails = p_trail([stamp for named, stamp in rubin(folder / "rubin" / "faint_trails.parquet") if named])
    others = p_trail([stamp for _, stamp in rubin(folder / "rubin" / "sample_10_0.parquet")])
    hits = p_trail(cosmic_rays(folder / "cosmic-rays" / "a8280271.fits"))
    is_trail = np.repeat([True, False], [len(trails), len(others)])
    return {
        "Rubin's trails, head of the simulated ground": round(roc_auc(is_trail, np.concatenate([trails, others])), 4),
        "Rubin's trails called trails": f"{(trails > 0.5).sum()} of {len(trails)}",
        "Rubin's other alerts called trails": f"{(others > 0.5).sum()} of {len(others)}",
        "cosmic rays called trails": f"{(hits > 0.5).sum()} of {len(hits)}",
    }


def rubin(path: Path) -> Iterator[tuple[bool, np.ndarray]]:
    """Yield whether an alert is a named asteroid's, and its difference stamp."""
    for row in pq.read_table(path, columns=["ssSource", "cutoutDifference"]).to_pylist():
        stamp = fits.getdata(io.BytesIO(row["cutoutDifference"])).astype(np.float32)
        yield bool((row["ssSource"] or {}).get("designation")), stamp


def cosmic_rays(path: Path) -> list[np.ndarray]:
    """Return the 64 pixels about each hit of an exposure; NaN beyond its edge."""
    frame = np.pad(fits.getdata(path)[:, EXPOSED].astype(np.float32), 32, constant_values=np.nan)
    return [frame[y : y + 64, x : x + 64] for y, x in HITS]


def _features(examples: Examples) -> np.ndarray:
    assert examples.features is not None
    return examples.features
