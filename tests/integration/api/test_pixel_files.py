"""Original pixels by API: FITS with WCS and times, and .npy, for scientists of the survey alone."""

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.integration.learning import sky
from webapp.archive.models import Frame, Membership

pytestmark = pytest.mark.django_db

CARDS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": -5.0, "CRPIX1": 11.0, "CRPIX2": 11.0,
    "CDELT1": -1e-4, "CDELT2": 1e-4, "NAXIS1": 3000, "BSCALE": 7.0, "COMMENT": ["not", "a card"],
}  # fmt: skip


@pytest.fixture
def subject():
    [subject] = sky.subjects(sky.survey("night"), [True], kind="tracklet", frames=3, prefix="Käfer\n")
    for position in range(2):
        Frame.objects.create(
            subject=subject, position=position, mjd_mid=60000.5 + position, band="r", wcs=CARDS, mag=float("nan")
        )
    return subject


@pytest.fixture
def scientist(subject):
    user = User.objects.create(username="scientist")
    Membership.objects.create(user=user, survey=subject.survey, role="scientist")
    return user


def get(subject, ending, user=None):
    client = APIClient()
    client.force_authenticate(user)
    return client.get(f"/api/subjects/{subject.pk}/{ending}/")


def test_fits_and_npy_hold_the_original_pixels(subject, scientist):
    block = np.load(io.BytesIO(get(subject, "npy", scientist).content))
    np.testing.assert_array_equal(block, sky.stamps([True], frames=3)[0])
    with fits.open(io.BytesIO(get(subject, "fits", scientist).content)) as file:
        assert (file[0].header["SURVEY"], file[0].header["SUBJECT"]) == ("night", subject.pk)
        np.testing.assert_array_equal([each.data for each in file[1:]], block[:, 0])
        header = file["FRAME1"].header
        assert (header["MJD-AVG"], header["FILTER"], header["NAXIS1"]) == (60001.5, "r", 21)
        assert "BSCALE" not in header
        [ra], [dec] = WCS(header).all_pix2world([10], [10], 0)
        assert (ra, dec) == pytest.approx((10, -5))
        assert "CTYPE1" not in file["FRAME2"].header


@pytest.mark.parametrize("ending", ["fits", "npy"])
def test_nobody_else_gets_them(subject, ending):
    stranger = User.objects.create(username="stranger")
    Membership.objects.create(user=stranger, survey=sky.survey("other"), role="admin")
    refused = get(subject, ending, stranger)
    assert refused.status_code == 403
    assert refused.json()["detail"] == f"This is for the scientists of {subject.survey}.", (
        "a read changes nothing anyway"
    )
    assert get(subject, ending).status_code in (401, 403)


def test_a_subject_without_stored_pixels_is_not_found(subject, scientist):
    type(subject).objects.update(zarr_array="9x1x9x9-float32")
    assert get(subject, "npy", scientist).status_code == 404
