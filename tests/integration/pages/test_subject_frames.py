"""The frames of a subject, as its page lists them."""

import pytest

from tests.integration.learning import sky
from tests.integration.people import browser, member
from webapp.archive.models import Frame, Subject

pytestmark = pytest.mark.django_db


def test_channels_of_a_frame_are_named(client):
    survey = sky.survey("field", channels=["dither 1", "dither 2", "dither 3"])
    [row] = sky.subjects(survey, [True])
    address = f"/surveys/field/subjects/{row.pk}/"
    assert "Each has" not in client.get(address).content.decode(), "this one has a single channel"
    Subject.objects.update(zarr_array=row.zarr_array.replace("1x1x", "1x3x"))
    assert "Each has 3 channels: dither 1, dither 2, dither 3." in client.get(address).content.decode()


def test_measurements_that_no_frame_has_are_left_out():
    survey = sky.survey("field")
    [row] = sky.subjects(survey, [True])
    first = Frame.objects.create(subject=row, position=0, mjd_mid=60400.5, band="i")
    Frame.objects.create(subject=row, position=1)
    columns = ("<th>Band</th>", ">MJD</th>", ">Exposure (s)</th>", ">RA (°)</th>", ">Mag</th>", ">S/N</th>")
    client = browser(member(survey, "scientist"))

    def shown():
        page = client.get(f"/surveys/field/subjects/{row.pk}/").content.decode()
        return [column for column in columns if column in page]

    assert shown() == ["<th>Band</th>", ">MJD</th>"]
    Frame.objects.filter(pk=first.pk).update(snr=0.0, ra=0.0, dec=0.0)
    assert shown() == ["<th>Band</th>", ">MJD</th>", ">RA (°)</th>", ">S/N</th>"]
