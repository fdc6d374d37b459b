"""Linking on real detections: ZTF's named asteroids of six nights in May 2020, and three exposures of 2018."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from ml.io.read_subjects import read_subjects
from ml.sky.great_circle import TOLERANCE
from ml.sky.linking import LinkLimits, link
from ml.sky.night_linking import link_nights
from ml.sky.tangent_plane import unit_vectors
from ml.sky.weighted_motion import fit_weighted_motion

pytestmark = pytest.mark.real


def test_named_asteroids_are_linked_and_not_mixed(shared_data):
    rows = pd.read_parquet(shared_data / "tracklets" / "ztf-trajectories.parquet").drop_duplicates("candid")
    wanted = found = false = 0
    for _, night in rows.groupby(np.floor(rows["jd"])):
        mjd, names = night["jd"].to_numpy() - 2_400_000.5, night["ssnamenr"].to_numpy()
        place = unit_vectors(night["ra"].to_numpy(), night["dec"].to_numpy())
        tracklets = link(mjd, place, *np.full((2, len(night)), 0.2), np.zeros(len(night)), LinkLimits())
        times = night[night["ssnamenr"] != "null"].groupby("ssnamenr")["jd"].nunique()
        linked = [set(names[rows]) for rows in tracklets]
        names_linked = {name for own in linked if len(own) == 1 for name in own}
        wanted += int((times >= 3).sum())
        found += len(names_linked & set(times[times >= 3].index))
        false += sum(len(own) > 1 for own in linked)
    print(f"{found} of {wanted} asteroids with three detections in a night, {false} mixed tracklets")
    assert found >= 0.98 * wanted
    assert false == 0


def test_asteroids_of_two_nights_are_linked_as_the_page_links_them(shared_data):
    """Up to three nights apart, with the page's tolerance; the motion changes by more than 1″/h for nearly all."""
    rows = pd.read_parquet(shared_data / "tracklets" / "ztf-trajectories.parquet").drop_duplicates("candid")
    rows = rows[rows["ssnamenr"] != "null"].assign(mjd=rows["jd"] - 2_400_000.5)
    rows["night"] = np.floor(rows["mjd"]).astype(int)
    groups = rows.groupby(["ssnamenr", "night"])["mjd"]
    rows = rows[groups.transform("max") - groups.transform("min") > 0.01]
    groups = rows.sort_values("mjd").groupby(["ssnamenr", "night"])
    table = np.full((3, groups.ngroups, groups.size().max()), np.nan)
    table[:, groups.ngroup().loc[rows.index], groups.cumcount().loc[rows.index]] = rows[["mjd", "ra", "dec"]].T
    rms = np.where(np.isnan(table[0]), np.nan, 0.1)
    motion = fit_weighted_motion(*table, rms, rms, 0 * rms)
    names, nights = (np.array(each) for each in zip(*groups.groups, strict=True))
    tracks = motion.mjd, motion.position, motion.velocity, motion.covariance, nights

    def linked(tolerance):
        pairs = [names[[one, other]] for one, other, _ in link_nights(*tracks, tolerance, 3)]
        right = sum(one == other for one, other in pairs)
        return right, len(pairs) - right

    same = sum((names == name) & (nights > night) & (nights <= night + 3) for name, night in groups.groups)
    wanted, (found, false), (strict, _) = int(same.sum()), linked(TOLERANCE), linked(1.0)
    print(f"{found} of {wanted} pairs of nights, {false} false ones; {strict} with a tolerance of 1″/h")
    assert found >= 0.93 * wanted
    assert false <= 0.01 * found


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
