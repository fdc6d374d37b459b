"""The frames of a subject, as its page lists them."""

import pytest

from tests.integration.learning import sky
from webapp.archive.models import Subject

pytestmark = pytest.mark.django_db


def test_channels_of_a_frame_are_named(client):
    survey = sky.survey("field", channels=["dither 1", "dither 2", "dither 3"])
    [row] = sky.subjects(survey, [True])
    address = f"/surveys/field/subjects/{row.pk}/"
    assert "Each has" not in client.get(address).content.decode(), "this one has a single channel"
    Subject.objects.update(zarr_array=row.zarr_array.replace("1x1x", "1x3x"))
    assert "Each has 3 channels: dither 1, dither 2, dither 3." in client.get(address).content.decode()
