"""A survey of tracklets whose motion is known."""

import uuid
from statistics import fmean

import numpy as np
from astropy import units
from astropy.coordinates import SkyCoord

from tests.integration.learning import sky
from webapp.archive.models import Frame
from webapp.classifications.models import Classification
from webapp.known_objects.models import IdentityCheck, OrbitCatalogue
from webapp.learning.models import Score
from webapp.volunteers.models import Volunteer


def tracklet(survey, *, rate=60.0, angle=40.0, ra=359.999, dec=5.0, mjd=61000.2, n=4, left=0.0, **fields):
    """Store a tracklet of `n` detections, 15 minutes apart, the last `left` arcsec off to its left."""
    magnitudes = [18 + at / 10 for at in range(n)]
    fields |= {"ra": ra, "dec": dec, "mjd": mjd, "rate": rate, "mag": fmean(magnitudes)}
    [row] = sky.subjects(survey, [True], kind="tracklet", frames=n, **fields)
    hours = np.arange(n) / 4
    place = SkyCoord(ra, dec, unit="deg").directional_offset_by(angle * units.deg, rate * hours * units.arcsec)
    off = place[-1].directional_offset_by((angle - 90) * units.deg, left * units.arcsec)
    Frame.objects.bulk_create(
        Frame(
            subject=row,
            position=at,
            mjd_mid=mjd + hours[at] / 24,
            exptime=30,
            band="o",
            ra=each.ra.deg,
            dec=each.dec.deg,
            mag=magnitudes[at],
            snr=20,
        )
        for at, each in enumerate([*place[:-1], off])
    )
    return row


def season(workflow, model, nights=(61000, 61001, 61004)):
    """Store, in each night, six tracklets with every kind of judgement, as a test can count them.

    In order: a real one that the model finds, near a known object; a real one that it misses; a bogus one that it calls
    real; a bogus one by consensus; one that nobody judged; one that nobody judged, scored or compared.
    """
    catalogue = OrbitCatalogue.objects.create(checksum="0", asteroids="MPCORB.DAT", orbits=9, epoch=61000.0)
    rows = []
    for place, night in enumerate(nights):
        kinds = enumerate(
            (("yes", 0.9, 1), ("yes", 0.3, 0), ("no", 0.7, 0), ("", 0.1, 0), ("", 0.2, 0), ("", None, None))
        )
        for number, (label, p, candidates) in kinds:
            at = {"mjd": night + 0.2, "ra": (40.0 * number + 110 * place) % 360, "dec": -60.0 + 25 * number}
            row = tracklet(workflow.survey, **at, rate=10.0 * 2**number, angle=50.0 * number)
            row.gold_label, row.gold_source = label, "manifest" if label else ""
            row.save()
            if p is not None:
                Score.objects.create(checkpoint=model, subject=row, probabilities=[1 - p, p], p_real=p, entropy=0.3)
            if candidates is not None:
                checked = {
                    "catalogue": catalogue,
                    "detections": 4,
                    "candidates": candidates,
                    "unmatched": 4 * (not candidates),
                }
                IdentityCheck.objects.create(subject=row, **checked)
            if number == 3:
                sky.votes(workflow, row, 0.01, is_retired=True, retired_reason="consensus")
            rows.append(row)
    return rows


def injected(workflow, model, n=24):
    """Store synthetic movers, the brighter half found by the model and by three of four volunteers; return them."""
    people = Volunteer.objects.bulk_create(Volunteer() for _ in range(4))
    rows = []
    for place in range(n):
        is_bright = place >= n / 2
        drawn = {"workflow": workflow.slug, "snr": 4.0 + 16 * is_bright, "rate": 10.0 + place}
        row = tracklet(workflow.survey, mjd=61000.2, is_synthetic=True, gold_label="yes",
                       gold_source="synthetic", metadata={"!synthetic": drawn})  # fmt: skip
        p = 0.9 if is_bright else 0.2
        Score.objects.create(checkpoint=model, subject=row, probabilities=[1 - p, p], p_real=p, entropy=0.3)
        sky.votes(workflow, row, p, votes_yes=3 * is_bright, votes_no=4 - 3 * is_bright)
        Classification.objects.bulk_create(
            Classification(
                id=uuid.uuid4(), volunteer=person, workflow=workflow, subject=row, is_counted=True,
                answer="yes" if is_bright and number else "no",
            )
            for number, person in enumerate(people)
        )  # fmt: skip
        rows.append(row)
    return rows
