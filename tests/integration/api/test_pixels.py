"""Raw pixel values of a subject, and PNGs."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.integration.world import make_subject
from webapp.archive.models import Survey
from webapp.archive.pixels import pixel_store

pytestmark = pytest.mark.django_db


@pytest.fixture
def block():
    pixels = np.random.default_rng(1).normal(100, 5, (2, 1, 8, 8)).astype(np.float32)
    pixels[1, 0, 0, 0] = np.nan
    return pixels


@pytest.fixture
def subject(block):
    subject = make_subject(Survey.objects.create(slug="atlas", name="ATLAS"), "a")
    pixel_store().append("atlas", block[None])
    return subject


@pytest.fixture
def url(subject):
    return f"/pixels/{subject.pk}/{subject.checksum}"


def test_the_numbers_come_back_as_they_are(client, url, block):
    response = client.get(f"{url}.bin")
    assert response["Content-Type"] == "application/octet-stream"
    length = int.from_bytes(response.content[:4], "little")
    assert length % 4 == 0
    meta = json.loads(response.content[4 : 4 + length])
    assert [meta[name] for name in ("frames", "channels", "height", "width")] == [2, 1, 8, 8]
    numbers = np.frombuffer(response.content, "<f2", offset=4 + length).reshape(2, 8, 8)[:, ::-1]
    values = np.array(meta["zero"])[:, None, None] + np.array(meta["scale"])[:, None, None] * numbers
    np.testing.assert_allclose(values, block[:, 0], rtol=1e-3)


@pytest.mark.parametrize("ending", ["bin", "png"])
def test_an_address_never_changes_what_it_means(client, url, ending):
    assert client.get(f"{url}.{ending}")["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Cookie" not in client.get(f"{url}.{ending}").get("Vary", "")


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("", (18, 8)),
        ("?frame=1", (8, 8)),
        ("?frame=0&channel=0&size=32", (32, 32)),
        ("?stretch=asinh&invert=1", (18, 8)),
    ],
)
def test_pictures_are_drawn_as_asked(client, url, query, size):
    response = client.get(f"{url}.png{query}")
    assert response.status_code == 200
    assert Image.open(io.BytesIO(response.content)).size == size


@pytest.mark.parametrize("query", ["?stretch=rainbow", "?size=0", "?size=5000", "?frame=one", "?frame=-1"])
def test_a_picture_that_cannot_be_drawn_is_refused_with_a_sentence(client, url, query):
    response = client.get(f"{url}.png{query}")
    assert response.status_code == 400
    assert response.content.decode().endswith(".")


def test_other_frames_checksums_and_subjects_are_not_found(client, url, subject):
    assert client.get(f"{url}.png?frame=2").status_code == 404
    assert client.get(f"/pixels/{subject.pk}/0000.bin").status_code == 404
    assert client.get(f"/pixels/{subject.pk + 1}/{subject.checksum}.bin").status_code == 404
    assert client.post(f"{url}.bin").status_code == 405


def test_pixels_that_the_store_lost_are_not_found(client):
    subject = make_subject(Survey.objects.create(slug="lost", name="Lost"), "b")
    assert client.get(f"/pixels/{subject.pk}/{subject.checksum}.bin").status_code == 404
