"""Pictures in Talk: encoded anew, described, bounded, gone with their comment, seen by its readers."""

import io
import struct
import zlib

import numpy as np
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.integration import world
from webapp.archive.models import Membership
from webapp.community.models import Board, Comment, CommentPicture
from webapp.community.pictures import MOST_OF_NEWCOMERS, PictureRate
from webapp.community.talk import post_comment, remove
from webapp.core.pictures import MOST_BYTES, encode_picture

pytestmark = pytest.mark.django_db


def drawing(form="PNG", width=40, **options):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (30, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, form, **options)
    return SimpleUploadedFile(f"a.{form.lower()}", buffer.getvalue())


def bomb():
    """A small PNG whose header claims 30,000 × 30,000 pixels."""
    content = drawing().read()
    header = b"IHDR" + struct.pack(">II", 30_000, 30_000) + content[24:29]
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def posted(browser, subject, picture, alt="A streak", text="Look"):
    return browser.post(f"/talk/about/{subject.pk}/", {"text": text, "alt": alt, "picture": picture})


@pytest.mark.parametrize(("form", "kept_as"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/png")])
def test_a_picture_is_encoded_anew_and_served_as_one(subject, ada, browser_of, form, kept_as):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    sent = drawing(form, exif=exif)
    assert posted(browser_of(ada), subject, sent).status_code == 302
    row = CommentPicture.objects.get()
    assert b"taken at home" not in bytes(row.content)
    page = browser_of().get(f"/surveys/atlas/subjects/{subject.pk}/").content.decode()
    assert f'<img src="{row.get_absolute_url()}" alt="A streak" width="40" height="30"' in page
    response = browser_of().get(row.get_absolute_url())
    assert (response["Content-Type"], response["X-Content-Type-Options"]) == (kept_as, "nosniff")
    assert Image.open(io.BytesIO(response.content)).size == (40, 30)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"GIF89a" + b"\0" * 50, "not a readable image"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "not a readable image"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "not a readable image"),
        (bomb(), "pixels"),
        (b"x" * (MOST_BYTES + 1), "larger than 2 MB"),
        (b"", "not a readable image"),
        (drawing(exif=b"Exif\0\0garbage!").read(), "not a readable image"),
    ],
)
def test_what_is_no_picture_is_refused_and_the_text_is_kept(subject, ada, browser_of, content, says):
    response = posted(browser_of(ada), subject, SimpleUploadedFile("a.png", content, "image/png"))
    page = response.content.decode()
    assert (response.status_code, "Not saved yet" in page, says in page) == (400, True, True)
    assert "Nothing was saved" not in page  # the page has just said so
    assert not Comment.objects.exists()


def test_what_is_kept_is_as_small_as_what_may_be_sent(monkeypatch):
    """Noise of 16 colours: half a byte a pixel in the file that is sent, two bytes as JPEG."""
    monkeypatch.setattr("webapp.core.pictures.MOST_BYTES", 50_000)
    rng, buffer = np.random.default_rng(0), io.BytesIO()
    noise = Image.fromarray(rng.integers(0, 16, (300, 300), dtype=np.uint8))
    noise.putpalette(rng.integers(0, 255, 48, dtype=np.uint8).tobytes())
    noise.save(buffer, "PNG", bits=4)
    assert len(buffer.getvalue()) < 50_000
    kept = encode_picture(SimpleUploadedFile("a.png", buffer.getvalue()), ("PNG",))
    assert len(kept.content) <= 50_000
    assert Image.open(io.BytesIO(kept.content)).size == (kept.width, kept.height) == (150, 150)


def test_a_picture_is_described(subject, ada, browser_of):
    assert posted(browser_of(ada), subject, drawing(), alt=" ").status_code == 400
    assert posted(browser_of(ada), subject, drawing(), alt="x" * 301).status_code == 400
    assert not Comment.objects.exists()


def test_a_refused_picture_is_asked_for_again_where_one_sees_it(subject, ada, browser_of):
    page = posted(browser_of(ada), subject, SimpleUploadedFile("a.png", b"nothing"), alt="A streak").content.decode()
    assert '<details class="manage" open>' in page
    assert 'value="A streak"' in page
    assert "Choose the picture again" in page
    without = browser_of(ada).post(f"/talk/about/{subject.pk}/", {"text": " "}).content.decode()
    assert '<details class="manage">' in without
    assert "Choose the picture again" not in without


def test_newcomers_post_few(subject, ada, browser_of):
    for n in range(MOST_OF_NEWCOMERS + 1):
        posted(browser_of(ada), subject, drawing(width=40 + n), text=f"Look {n}")
    assert CommentPicture.objects.count() == Comment.objects.count() == MOST_OF_NEWCOMERS
    Membership.objects.create(user=ada.user, survey=subject.survey, role="moderator")
    posted(browser_of(ada), subject, drawing(), text="Look again")
    assert CommentPicture.objects.count() == MOST_OF_NEWCOMERS + 1


def test_even_refused_pictures_are_limited(subject, ada, browser_of, monkeypatch):
    cache.clear()
    monkeypatch.setattr(PictureRate, "rate", "1/hour")
    for says in ("not a readable image", "Too many pictures"):
        page = posted(browser_of(ada), subject, SimpleUploadedFile("a.png", b"nothing")).content.decode()
        assert says in page


@pytest.mark.parametrize("place", ["comments", "threads"])
def test_the_api_limits_refused_pictures_too_and_texts_not(subject, ada, monkeypatch, place):
    monkeypatch.setattr(PictureRate, "rate", "1/hour")
    where = {"subject": subject.pk} if place == "comments" else {"board": board_of(subject).pk, "title": "Look"}
    api, sent = world.client_of(ada), {**where, "text": "Look", "alt": "A streak"}
    files = [SimpleUploadedFile("a.png", b"nothing") for _ in range(2)]
    answers = [api.post(f"/api/talk/{place}/", {**sent, "picture": file}, format="multipart") for file in files]
    assert [answer.status_code for answer in answers] == [400, 429]
    assert api.post(f"/api/talk/{place}/", sent).status_code == 201


def board_of(subject):
    return Board.objects.create(survey=subject.survey, name="General")


def test_the_same_post_twice_is_one_but_another_picture_is_another(subject, ada, browser_of):
    for width in (40, 40, 41):
        posted(browser_of(ada), subject, drawing(width=width))
    assert Comment.objects.count() == CommentPicture.objects.count() == 2


def test_it_goes_with_its_comment_and_is_hidden_from_who_may_not_read(workflow, subject, ada, ben, browser_of):
    other = world.subjects_of(workflow)[1]
    world.vote(ada, workflow, other)
    comment = post_comment(user=ada.user, subject=other, text="Look", picture=drawing(), alt="A streak")
    address = comment.picture.get_absolute_url()
    assert browser_of(ada).get(address).status_code == 200
    for stranger in (None, ben):  # who may still be asked about the subject
        assert browser_of(stranger).get(address).status_code == 404
    Membership.objects.create(user=ben.user, survey=other.survey, role="moderator")
    assert browser_of(ben).get(address).status_code == 200
    remove(user=ben.user, comment=comment, because="Rude")
    assert browser_of(ben).get(address).status_code == 200  # to judge an appeal
    assert browser_of(ada).get(address).status_code == 404


def test_only_the_author_deletes_it(subject, ada, ben, browser_of):
    comment = post_comment(user=ada.user, subject=subject, text="Look", picture=drawing(), alt="A streak")
    change = {"text": "Look", "drop_picture": "on"}
    for stranger in (None, ben):
        assert browser_of(stranger).post(f"/talk/{comment.pk}/edit/", change).status_code == 403
    assert CommentPicture.objects.exists()
    assert browser_of(ada).post(f"/talk/{comment.pk}/edit/", change).status_code == 302
    assert not CommentPicture.objects.exists()


def test_who_has_not_answered_writes_nothing(workflow, subject, ada, ben):
    other = world.subjects_of(workflow)[1]
    page, api = f"/talk/about/{other.pk}/", world.client_of(ada)
    assert api.post("/api/talk/comments/", {"subject": other.pk, "text": "Hm"}, format="json").status_code == 403
    api.force_login(ada.user)
    assert api.post(page, {"text": "Hm"}).status_code == 403
    assert not Comment.objects.exists()
    Membership.objects.create(user=ben.user, survey=other.survey, role="scientist")
    post_comment(user=ben.user, subject=other, text="For us scientists")
    world.vote(ada, workflow, other)
    assert api.post(page, {"text": "Hm"}).status_code == 302


def test_the_api_takes_pictures(subject, ada):
    sent = {"subject": subject.pk, "text": "Look", "alt": "A streak", "picture": drawing()}
    made = world.client_of(ada).post("/api/talk/comments/", sent, format="multipart")
    assert made.status_code == 201
    assert made.json()["picture"] == {"address": CommentPicture.objects.get().get_absolute_url(), "alt": "A streak"}
    [listed] = world.client_of(ada).get("/api/talk/comments/").json()["results"]
    assert listed["picture"] == made.json()["picture"]
