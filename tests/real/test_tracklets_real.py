"""Real times and positions of detections: a satellite's glints are rejected, and real movers fit their motion.

The model is trained on a simulated night in a few seconds; its test data are real.
"""

import dataclasses
import gzip
import io

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits

from ml.__main__ import main
from ml.data.tracklet_frames import FIELDS, sightings, stacked
from ml.inference.checkpoint import Checkpoint
from ml.inference.scorer import Scorer
from ml.simulate.atlas.night import atlas
from ml.sky.motion import fit_motion
from ml.training import presets

SMALL = presets.FAMILIES[presets.RESIDUAL]

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore:Found a SIMPLE card")]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    """Return a model with a stamp network trained on one simulated night, and a tracklet network on another."""
    folder = tmp_path_factory.mktemp("night")
    stamps = atlas(100, 3, folder / "stamps", kind="tracklet", detections=None, satellites=0.12)
    sky = atlas(400, 4, folder / "sky", kind="tracklet", detections=None, satellites=0.12)
    taught = ["train", "--role", "tracklet", "--preset", "small", "--data", str(stamps), "--out", str(folder / "a")]
    words = ["train", "--role", "tracklet", "--init", str(folder / "a"), "--data", str(sky), "--out", str(folder / "c")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            presets.FAMILIES,
            presets.RESIDUAL,
            dataclasses.replace(SMALL, fresh=dataclasses.replace(SMALL.fresh, views=1200, rounds=3)),
        )
        assert main(taught) == 0
        assert main(words) == 0
    return Scorer(Checkpoint.load(folder / "c"))


@pytest.fixture(scope="module")
def glints(shared_data):
    """Return the fifteen flashes in one exposure, along their line, with each one's difference image."""
    alerts = pd.read_parquet(shared_data / "satellite-glints" / "tracklet_alerts.parquet")
    found = pd.DataFrame(list(alerts.candidate)).assign(picture=[one["stampData"] for one in alerts.cutoutDifference])
    found = found[found.jd == found.jd[0]].sort_values("ra").reset_index(drop=True)
    assert len(found) == 15
    return found


def pixels(glints):
    pictures = [fits.getdata(io.BytesIO(gzip.decompress(picture))) for picture in glints.picture]
    return np.stack(pictures).astype(np.float32)[None, :, None]


def frames(glints, mjd):
    """Return the time and position of each flash: ZTF's jd is the start of the exposure."""
    snr = 1.0857 / glints.sigmapsf
    places = {
        f"#{axis}{k}": value
        for axis, column in (("x", "xpos"), ("y", "ypos"))
        for k, value in enumerate(glints[column], 1)
    }
    return sightings(list(zip(mjd, glints.ra, glints.dec, glints.magpsf, snr, strict=True)), places)


def as_seen(glints):
    return glints.jd - 2400000.5 + glints.exptime / 2 / 86400


def as_a_mover(glints):
    """The same positions at successive times, as of a body moving at 433″ an hour."""
    return as_seen(glints) + (glints.ra - glints.ra.min()) / np.ptp(glints.ra) / 24


@pytest.mark.parametrize("n", [15, 8, 6, 4, 3])
def test_collinear_glints_of_one_exposure_are_rejected_and_a_mover_with_the_same_stamps_is_kept(n, scorer, glints):
    features = scorer.features(pixels(glints))
    spread = np.linspace(0, 14, n).round().astype(int)
    stamps, some = features[:, spread], glints.iloc[spread]
    threshold = scorer.manifest["threshold"]
    real = {
        name: float(scorer.probabilities_from_features(stamps, stacked([frames(some, times(some))]))[0, 1])
        for name, times in (("glints", as_seen), ("mover", as_a_mover))
    }
    assert real["glints"] < threshold < real["mover"]


def test_every_neighbouring_four_of_the_glints_are_rejected(scorer, glints):
    features = scorer.features(pixels(glints))
    fours = [glints.iloc[k : k + 4] for k in range(12)]
    stamps = np.concatenate([features[:, k : k + 4] for k in range(12)])
    p = scorer.probabilities_from_features(stamps, stacked([frames(four, as_seen(four)) for four in fours]))[:, 1]
    assert (p < scorer.manifest["threshold"]).all()


@pytest.fixture(scope="module")
def catalina(shared_data):
    """Return 2,000 tracklets (n, 4, 7) of the Catalina survey."""
    names = ["mjd", "id", "frame", "ra", "dec", "x", "y", "mag", "neo"]
    rows = pd.read_csv(shared_data / "tracklets" / "catalina-ntl-detections.csv", header=None, names=names)
    rows = rows.iloc[: 4 * 2000].assign(snr=10.0)
    return rows[list(FIELDS)].to_numpy(dtype=float).reshape(-1, 4, len(FIELDS))


def test_catalinas_tracklets_are_motions_and_mislinked_ones_are_not(scorer, catalina):
    """The same asteroid-like stamps for all: places and times decide. The last detection is taken 10″ off the line."""
    stamps = np.log(np.full((len(catalina), 4, len(scorer.stamp_classes)), 0.02, dtype=np.float32))
    stamps[..., scorer.stamp_classes.index("AST")] = np.log(0.86)
    mislinked = catalina.copy()
    mislinked[:, 3, FIELDS.index("dec")] += 10 / 3600
    threshold = scorer.manifest["threshold"]
    kept = [(p_of(scorer, stamps, tracks) >= threshold).mean() for tracks in (catalina, mislinked)]
    print(f"\nCatalina, of {len(catalina)}: kept {kept[0]:.3f}; with one detection 10″ off, {kept[1]:.3f}")
    assert kept[0] > 0.85
    assert kept[1] < 0.2


def p_of(scorer, log_scores, frames):
    """Return p_real of tracklets whose stamps have these scores, with features chosen to give them."""
    weight, bias = scorer.checkpoint.part("stamp.")["weight"].numpy(), scorer.checkpoint.part("stamp.")["bias"].numpy()
    wanted = (log_scores - bias).reshape(-1, len(bias))
    features = (np.linalg.pinv(weight) @ (wanted - wanted.mean(1, keepdims=True)).T).T
    return scorer.probabilities_from_features(features.reshape(*log_scores.shape[:2], -1), stacked(list(frames)))[:, 1]


def test_ztfs_asteroids_move_in_straight_lines_within_a_night(shared_data):
    """Three or more detections of one asteroid in one night fit a motion; those of two asteroids mixed do not."""
    rows = pd.read_parquet(shared_data / "tracklets" / "ztf-trajectories.parquet").assign(
        mjd=lambda found: found.jd - 2400000.5 + 15 / 86400, mag=lambda found: found.magpsf, x=np.nan, y=np.nan
    )
    rows = rows.assign(snr=1.0857 / rows.sigmapsf).drop_duplicates(["ssnamenr", "jd"])
    nights = [night[list(FIELDS)].to_numpy(float) for _, night in rows.groupby(["ssnamenr", "nid"]) if len(night) >= 3]
    assert len(nights) >= 10
    residual = fit_motion(stacked(nights)).residual
    print(f"\nZTF, {len(nights)} nights of three or more: median residual {np.median(residual):.2f} σ")
    assert np.median(residual) < 1.5
    assert (residual < 5).mean() > 0.9
    wrong = [night.copy() for night in nights]
    for one, other in zip(wrong, nights[1:] + nights[:1], strict=True):
        one[1, 1:3] = one[1, 1:3] + other[1, 1:3] - other[0, 1:3] - (one[1, 1:3] - one[0, 1:3])
    assert np.median(fit_motion(stacked(wrong)).residual) > 5 * np.median(residual)
