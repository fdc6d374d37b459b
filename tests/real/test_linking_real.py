"""Linking on real detections: ZTF's named asteroids of six nights in May 2020, and three exposures of 2018."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from ml.io.read_subjects import read_subjects
from ml.sky.linking import LinkLimits, link
from ml.sky.tangent_plane import unit_vectors

pytestmark = pytest.mark.real


def test_named_asteroids_are_linked_and_not_mixed(shared_data):
    rows = pd.read_parquet(shared_data / "tracklets" / "ztf-trajectories.parquet").drop_duplicates("candid")
    wanted = found = false = 0
    for _, night in rows.groupby(np.floor(rows["jd"])):
        mjd, names = night["jd"].to_numpy() - 2_400_000.5, night["ssnamenr"].to_numpy()
        place = unit_vectors(night["ra"].to_numpy(), night["dec"].to_numpy())
        tracklets = link(mjd, place, *np.full((2, len(night)), 0.2), np.zeros(len(night)), LinkLimits(max_gap=5.0))
        times = night[night["ssnamenr"] != "null"].groupby("ssnamenr")["jd"].nunique()
        linked = [set(names[rows]) for rows in tracklets]
        names_linked = {name for own in linked if len(own) == 1 for name in own}
        wanted += int((times >= 3).sum())
        found += len(names_linked & set(times[times >= 3].index))
        false += sum(len(own) > 1 for own in linked)
    print(f"{found} of {wanted} asteroids with three detections in a night, {false} mixed tracklets")
    assert found >= 0.95 * wanted
    assert false == 0


def test_three_exposures_of_three_fields_link_nothing_but_a_planted_mover(shared_data):
    """Forty seconds apart, they show three neighbouring fields: no asteroid has three detections to link."""
    records = list(read_subjects(shared_data / "ztf-night-20181128"))
    frames = [record.frames[0] for record in records]
    mjd, ra, dec = (np.array([getattr(frame, name) for frame in frames]) for name in ("mjd_mid", "ra", "dec"))
    times = np.unique(mjd.round(5))
    fields = [dec[mjd.round(5) == time] for time in times]
    assert [len(field) for field in fields] == [119, 183, 197]
    assert fields[0].min() < fields[1].min() < fields[2].min()
    known = [each.metadata for each in records if 0 <= each.metadata.get("#ssdistnr", -1) <= 5]
    near = [each["#ssnamenr"] for each in known]
    assert (len(near), max(Counter(near).values())) == (145, 2)
    rms = np.full(len(mjd) + 3, 0.1)
    assert link(mjd, unit_vectors(ra, dec), rms[:-3], rms[:-3], 0 * rms[:-3], LinkLimits()) == []
    steps = (times - times[0]) * 24 * 300 / 3600  # degrees: 300″/h to the north, among the real detections
    planted = [np.append(mjd, times), np.append(ra, np.full(3, ra[0])), np.append(dec, dec[0] + 0.01 + steps)]
    [found] = link(planted[0], unit_vectors(*planted[1:]), rms, rms, 0 * rms, LinkLimits())
    assert sorted(found) == [499, 500, 501]
