"""Linking on real detections: ZTF's named asteroids of six nights in May 2020."""

import numpy as np
import pandas as pd
import pytest

from ml.sky.linking import LinkLimits, link
from ml.sky.tangent_plane import unit_vectors

pytestmark = pytest.mark.real


def test_named_asteroids_are_linked_and_not_mixed(shared_data):
    rows = pd.read_parquet(shared_data / "tracklets" / "ztf-trajectories.parquet").drop_duplicates("candid")
    wanted = found = false = 0
    for _, night in rows.groupby(np.floor(rows["jd"])):
        mjd, names = night["jd"].to_numpy() - 2_400_000.5, night["ssnamenr"].to_numpy()
        place = unit_vectors(night["ra"].to_numpy(), night["dec"].to_numpy())
        tracklets = link(mjd, place, np.full(len(night), 0.2), LinkLimits(max_gap=5.0))
        times = night[night["ssnamenr"] != "null"].groupby("ssnamenr")["jd"].nunique()
        linked = [set(names[rows]) for rows in tracklets]
        names_linked = {name for own in linked if len(own) == 1 for name in own}
        wanted += int((times >= 3).sum())
        found += len(names_linked & set(times[times >= 3].index))
        false += sum(len(own) > 1 for own in linked)
    print(f"{found} of {wanted} asteroids with three detections in a night, {false} mixed tracklets")
    assert found >= 0.95 * wanted
    assert false == 0
