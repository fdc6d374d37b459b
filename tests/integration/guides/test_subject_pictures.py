"""The picture of a subject can be put into a guide, which keeps it whatever happens to the subject."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.integration.learning import sky
from tests.integration.people import account, browser, member
from webapp.archive.models import Subject
from webapp.guides.models import GuideImage

pytestmark = pytest.mark.django_db
IMAGES = "/surveys/night/guides/images/"


@pytest.fixture
def subject():
    return sky.subjects(sky.survey("night"), [True], frames=2)[0]


@pytest.fixture
def scientist(subject):
    return browser(member(subject.survey, "scientist"))


def test_a_guide_keeps_the_picture_of_a_subject(subject, scientist):
    address = scientist.post(IMAGES, {"subject": f" {subject.external_id} ", "picture": ""}).json()["address"]
    again = scientist.post(IMAGES, {"subject": subject.external_id}).json()["address"]
    Subject.objects.all().delete()
    served = browser().get(address)
    assert (again, served["Content-Type"]) == (address, "image/png")
    width, height = Image.open(io.BytesIO(served.content)).size
    assert height == 160
    assert width > 320, "two frames side by side"
    assert GuideImage.objects.count() == 1


def test_all_channels_are_shown_but_not_hundreds_of_frames(subject, scientist, monkeypatch):
    monkeypatch.setattr("webapp.guides.images.pixels_of", lambda _: np.zeros((1, 3, 21, 21)))
    address = scientist.post(IMAGES, {"subject": subject.external_id}).json()["address"]
    assert Image.open(io.BytesIO(scientist.get(address).content)).width > 3 * 160
    monkeypatch.setattr("webapp.guides.images.pixels_of", lambda _: np.zeros((25, 1, 21, 21)))
    reply = scientist.post(IMAGES, {"subject": subject.external_id})
    assert (reply.status_code, "has too many images" in reply.json()["detail"]) == (400, True)


@pytest.mark.parametrize("name", ["absent", "other0", "nul\0", "gone"])
def test_only_pictures_of_the_surveys_own_subjects_are_kept(subject, scientist, name):
    sky.subjects(sky.survey("other"), [True], prefix="other")
    Subject.objects.filter(pk=subject.pk).update(external_id="gone", zarr_array="9x1x21x21-float32")
    reply = scientist.post(IMAGES, {"subject": name})
    said = "no longer stored" if name == "gone" else "This survey has no subject"
    assert (reply.status_code, said in reply.json()["detail"]) == (400, True)
    assert not GuideImage.objects.exists()


def test_nobody_else_keeps_pictures_of_subjects(subject):
    for person in (browser(), browser(account("stranger")), browser(member(subject.survey, "moderator"))):
        assert person.post(IMAGES, {"subject": subject.external_id}).status_code == 403
    assert not GuideImage.objects.exists()
