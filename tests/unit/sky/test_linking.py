"""Linking single detections into tracklets, on simulated nights."""

import numpy as np
import pytest

from ml.sky.linking import LinkLimits, link
from ml.sky.tangent_plane import unit_vectors

RMS = 0.2


def night(movers, bogus, times=(0, 15, 30, 45), ra=0.0, dec=0.0, side=10.0, rates=(10, 150), seed=0):
    """Return times, unit vectors and true movers (-1 for bogus) of a simulated night; minutes, and degrees."""
    random = np.random.default_rng(seed)
    rate, angle = random.uniform(*rates, movers), random.uniform(0, 2 * np.pi, movers)
    begin = random.uniform(-side / 2, side / 2, (2, movers))
    mjd, east, north, truth = [], [], [], []
    for minutes in times:
        moved = begin + rate * minutes / 60 / 3600 * np.array([np.sin(angle), np.cos(angle)])
        moved += random.normal(0, RMS / 3600, moved.shape)
        noise = random.uniform(-side / 2, side / 2, (2, bogus // len(times)))
        east, north = np.append(east, [*moved[0], *noise[0]]), np.append(north, [*moved[1], *noise[1]])
        mjd = np.append(mjd, np.full(movers + noise.shape[1], 60000 + minutes / 1440))
        truth = np.append(truth, [*range(movers), *[-1] * noise.shape[1]])
    order = random.permutation(len(mjd))
    place = unit_vectors(ra + east / np.cos(np.radians(dec)), dec + north)
    return mjd[order], place[order], truth[order].astype(int)


def linked(mjd, place, rms_ra=RMS, rms_dec=None, corr=0.0, **limits):
    errors = (np.full(len(mjd), each) for each in (rms_ra, rms_ra if rms_dec is None else rms_dec, corr))
    return link(mjd, place, *errors, LinkLimits(**limits))


def compare(tracklets, truth):
    """Return the movers found, and the number of tracklets that are not one mover."""
    found = [set(truth[rows]) for rows in tracklets]
    pure = [mover for [mover, *more] in map(list, found) if not more and mover >= 0]
    return set(pure), len(tracklets) - len(pure)


def test_a_hundred_thousand_detections_with_one_in_a_hundred_real():
    mjd, place, truth = night(250, 99_000)
    found, false = compare(linked(mjd, place, min_detections=4), truth)
    assert len(found) >= 0.95 * 250
    assert false <= 1
    found, false = compare(linked(mjd, place), truth)
    assert len(found) >= 0.95 * 250
    assert false / (false + len(found)) < 0.2  # three in a line by chance


@pytest.mark.parametrize(("ra", "dec"), [(0.0, 0.0), (359.9, 60.0), (120.0, -80.0)])
def test_movers_are_linked_anywhere_and_in_any_order(ra, dec):
    mjd, place, truth = night(40, 0, ra=ra, dec=dec, side=1.0, times=(0, 20, 40, 60, 80))
    tracklets = linked(mjd, place, min_chance=1e-4)
    found, false = compare(tracklets, truth)
    assert (len(found), false) == (40, 0)
    assert all(len(rows) == 5 and (np.diff(mjd[rows]) > 0).all() for rows in tracklets)


def test_a_missed_detection_does_not_lose_the_tracklet():
    mjd, place, truth = night(30, 0, side=2.0)
    second = mjd == np.unique(mjd)[1]
    keep = ~(second & (truth % 2 == 0))
    found, false = compare(linked(mjd[keep], place[keep], min_chance=1e-4), truth[keep])
    assert (len(found), false) == (30, 0)


def test_neighbouring_fields_between_two_visits_lose_no_mover():
    """A survey takes three fields one after the other, which overlap, and comes back to them half an hour later."""
    fields = [night(40, 800, times=(at, 30 + at, 60 + at, 90 + at), ra=1.9 * at, side=2.0, seed=at) for at in range(3)]
    mjd, place = (np.concatenate([field[part] for field in fields]) for part in (0, 1))
    truth = np.concatenate([np.where(own < 0, own, own + 40 * at) for at, (_, _, own) in enumerate(fields)])
    found, false = compare(linked(mjd, place, min_detections=4), truth)
    assert len(found) >= 0.95 * 120
    assert false == 0


def test_what_moves_too_slowly_too_fast_or_not_uniformly_is_not_linked():
    assert not linked(*night(20, 0, rates=(0.5, 1))[:2])
    assert not linked(*night(20, 0, rates=(900, 1000))[:2])
    mjd, place, _ = night(1, 0, times=(0, 15, 30))
    bent = place.copy()
    bent[mjd == mjd.max()] += np.radians(5 / 3600)
    assert len(linked(mjd, place)) == 1
    assert not linked(mjd, bent)


def test_flashes_in_one_exposure_are_not_a_tracklet():
    """Glints of a satellite lie on a line, at one time."""
    place = unit_vectors(np.linspace(10, 10.2, 8), np.linspace(5, 5.1, 8))
    assert not linked(np.full(8, 60000.0), place)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_detections_make_none(n):
    mjd, place, _ = night(1, 0, times=(0, 15, 30))
    assert linked(mjd[:n], place[:n]) == []


def test_no_detection_is_in_two_tracklets():
    mjd, place, _ = night(60, 4000, side=0.5)
    rows = np.concatenate(linked(mjd, place))
    assert len(rows) == len(set(rows))


def test_each_detection_counts_with_its_own_errors():
    """Two equal zigzags of 1.5″, of a faint mover and of bright detections in a line by chance."""
    minutes = np.tile([0.0, 15, 30, 45], 2)
    bent = np.tile([0.0, 1.5, -1.5, 0.0], 2) / 3600
    mjd, place = 60000 + minutes / 1440, unit_vectors(minutes / 4000 + np.repeat([10, 11], 4), bent)
    faint = np.repeat([True, False], 4)
    rms = np.where(faint, 1.5, 0.1)
    assert [rows.tolist() for rows in link(mjd, place, rms, rms, np.zeros(8), LinkLimits())] == [[0, 1, 2, 3]]
    assert len(linked(mjd, place, 1.5)) == 2
    assert linked(mjd, place, 0.1) == []
    assert len(linked(mjd, place, 0.1, 1.5)) == 2  # they are off to the north
    assert linked(mjd, place, 1.5, 0.1) == []
    # … along the error ellipse where that lies northwest, across it where it lies northeast
    slanted = unit_vectors(10 + minutes[:4] / 4000 - bent[:4], bent[:4])
    assert len(linked(mjd[:4], slanted, 1.0, corr=-0.9)) == 1
    assert linked(mjd[:4], slanted, 1.0, corr=0.9) == []
