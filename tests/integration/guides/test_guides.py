"""Tutorial, field guide and help: scientists write them, volunteers read them."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone, translation
from PIL import Image

from tests.integration.people import account, browser, member
from tests.integration.world import make_subject, make_volunteer, make_workflow, vote
from webapp.accounts.merge_visitor import merge
from webapp.archive.models import Subject, Survey
from webapp.core.markdown import as_html, sections
from webapp.core.pictures import MOST_BYTES
from webapp.guides.field_guide import explanation, field_guide
from webapp.guides.guide_texts import TextRefused, current_text, write_text
from webapp.guides.models import GuideImage, GuideText, TutorialProgress
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db

GUIDES = "/surveys/atlas/guides/"
TUTORIAL = f"{GUIDES}of/atlas/tutorial/en/"
STEPS = "# Look\n\nIt *moves*.\n\n# Answer\n\nYes or no.\n\n# Go on\n\nGood."


@pytest.fixture
def workflow():
    return make_workflow(subjects=2, gold=2)


@pytest.fixture
def scientist(workflow):
    return member(workflow.survey, "scientist")


def write(workflow, kind, body, by, language="en", based_on=0):
    of = {"survey": workflow.survey, "workflow": None if kind == "field-guide" else workflow, "kind": kind}
    return write_text(**of, language=language, body=body, based_on=based_on, by=by)


def picture(width=40, height=30, form="PNG", **options):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, form, **options)
    return SimpleUploadedFile(f"a.{form.lower()}", buffer.getvalue())


def promising(width, height):
    """A small PNG whose header claims so many pixels."""
    content = picture().read()
    header = b"IHDR" + struct.pack(">II", width, height) + content[24:29]
    content = content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]
    return SimpleUploadedFile("a.png", content)


def test_markdown_becomes_html_that_harms_nobody():
    shown = as_html(
        "# Title\n\n<script>alert(1)</script> **bold** [x](javascript:alert(1)) [y](https://a.org)\n\n"
        "![far *away*](https://elsewhere.org/a.png) ![near](/guide-images/1/ab12)"
    )
    assert "<script" not in shown
    assert "javascript:" not in shown.replace("](javascript:", "")
    assert "elsewhere" not in shown
    assert "far away <img src" in shown
    assert "<h2>Title</h2>" in shown
    assert '<img src="/guide-images/1/ab12" alt="near">' in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert [(each.title, each.text) for each in sections("Before\n# One `x`\ntwo\n## Three\n")] == [
        ("", "Before"), ("One x", "One x two"), ("Three", "Three"),
    ]  # fmt: skip


def test_a_scientist_writes_a_tutorial_and_every_version_is_kept(workflow, scientist):
    page = browser(scientist)
    assert page.get(TUTORIAL).status_code == 200
    assert page.post(TUTORIAL, {"body": STEPS, "based_on": 0})["Location"] == TUTORIAL
    assert page.post(TUTORIAL, {"body": "# Only this", "based_on": 1}).status_code == 302
    assert [text.version for text in GuideText.objects.order_by("pk")] == [1, 2]
    old = page.get(f"{TUTORIAL}versions/1/").content.decode()
    assert "It <em>moves</em>." in old
    assert "Restore this version" in old
    page.post(TUTORIAL, {"body": STEPS, "based_on": 2})
    assert current_text(workflow.survey, workflow, "tutorial").body == STEPS
    assert "version 3" in page.get(GUIDES).content.decode()
    preview = page.post(f"{GUIDES}preview/tutorial/", {"body": STEPS}).content.decode()
    assert "Step 3 of 3" in preview


def test_writers_read_that_pictures_must_be_uploaded(scientist):
    page, warning = browser(scientist), "Images from other sites are not shown"
    for kind in ("help", "tutorial"):
        foreign = page.post(
            f"{GUIDES}preview/{kind}/", {"body": "# A\n\n![x](http://elsewhere.org/a.png)"}
        ).content.decode()
        assert warning in foreign
        assert "<img" not in foreign
        own = page.post(f"{GUIDES}preview/{kind}/", {"body": "# A\n\n![x](/guide-images/1/ab12)"}).content.decode()
        assert warning not in own
        assert "<img" in own


def test_a_text_of_brackets_takes_no_minute():
    """Each would look for its partner to the end of the paragraph."""
    began = time.process_time()
    assert as_html("![" * 50_000).count("![") == 50_000
    assert time.process_time() - began < 5
    assert "<em>moves</em>" in as_html(f"{'[' * 5001}\n\nIt *moves*.")


def test_a_text_that_is_too_long_has_no_preview():
    make_workflow()
    page = browser(member(Survey.objects.get(), "scientist"))
    preview = page.post(f"{GUIDES}preview/help/", {"body": "| a " * 50_000}).content.decode()
    assert "100000 are allowed" in preview


def test_two_writers_do_not_overwrite_each_other(workflow, scientist):
    write(workflow, "help", "first", scientist)
    answer = browser(scientist).post(f"{GUIDES}of/atlas/help/en/", {"body": "second", "based_on": 0})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "saved version 1 while you were writing" in page
    assert ">second</textarea>" in page
    assert GuideText.objects.get().body == "first"
    with pytest.raises(TextRefused, match="Shorten it"):
        write(workflow, "help", "x" * 100_001, scientist, based_on=1)


def test_nobody_else_writes_reads_versions_or_uploads(workflow, scientist):
    write(workflow, "tutorial", STEPS, scientist)
    strangers = [browser(account("stranger")), browser(member(workflow.survey, "moderator")), browser()]
    for person in strangers:
        assert person.post(TUTORIAL, {"body": "mine", "based_on": 1}).status_code == 403
        assert person.post(f"{GUIDES}images/", {"picture": picture()}).status_code == 403
        assert person.post(f"{GUIDES}preview/help/", {"body": "x"}).status_code == 403
        for path in (GUIDES, TUTORIAL, f"{TUTORIAL}versions/1/"):
            assert person.get(path).status_code in (302, 403)
    assert (GuideText.objects.count(), GuideImage.objects.count()) == (1, 0)


@pytest.mark.parametrize(
    "path",
    ["of/atlas/field-guide/en/", "tutorial/en/", "of/atlas/tutorial/xx/", "of/none/tutorial/en/", "nothing/en/"],
)
def test_a_text_that_cannot_be_is_not_found(scientist, path):
    assert browser(scientist).get(GUIDES + path).status_code == 404


def test_saving_says_what_readers_see_from_now_on(workflow, scientist):
    def said(language, body, based_on):
        address = f"{GUIDES}of/atlas/help/{language}/"
        return browser(scientist).post(address, {"body": body, "based_on": based_on}, follow=True).content.decode()

    assert "Save and publish" in browser(scientist).get(TUTORIAL).content.decode()
    assert "Version 1 saved and published." in said("en", "english", 0)
    said("de", "deutsch", 0)
    assert "Version 2 saved. Readers see the text in English instead." in said("de", " ", 1)
    assert "Version 2 saved. Readers see the built-in text again." in said("en", "", 1)


def test_readers_get_their_language_and_else_english(workflow, scientist):
    write(workflow, "help", "english", scientist)
    write(workflow, "help", "deutsch", scientist, language="de")
    with translation.override("de"):
        assert current_text(workflow.survey, workflow, "help").body == "deutsch"
    with translation.override("fr"):
        assert current_text(workflow.survey, workflow, "help").body == "english"
    write(workflow, "help", " ", scientist, language="de", based_on=1)
    with translation.override("de"):
        assert current_text(workflow.survey, workflow, "help").body == "english"


def test_a_scientist_reads_what_readers_see_where_a_language_has_no_text(workflow, scientist):
    def pages(language):
        client = browser(scientist)
        editor = client.get(f"{GUIDES}of/atlas/help/{language}/").content.decode()
        return client.get(GUIDES).content.decode().count("built-in"), editor

    count, editor = pages("de")
    assert "readers see the built-in one" in editor
    write(workflow, "help", "Ayuda.", scientist, language="es")
    Survey.objects.update(language="es")
    count_now, editor = pages("de")
    assert count - count_now == 4, "one text, in four languages"
    assert "readers see the one in Español" in editor
    assert "readers see" not in pages("es")[1]


def test_a_picture_is_encoded_anew_and_served_for_ever(workflow, scientist):
    upload = picture(form="JPEG", comment=b"secret place")
    upload = SimpleUploadedFile("a.jpg", upload.read() + b"<script>alert(1)</script>")
    reply = browser(scientist).post(f"{GUIDES}images/", {"picture": upload})
    assert reply.status_code == 201
    served = browser().get(reply.json()["address"])
    assert served["Content-Type"] == "image/jpeg"
    assert "immutable" in served["Cache-Control"]
    assert b"secret" not in served.content
    assert b"script" not in served.content
    assert Image.open(io.BytesIO(served.content)).size == (40, 30)
    again = browser(scientist).post(f"{GUIDES}images/", {"picture": SimpleUploadedFile("b.jpg", upload.open().read())})
    assert again.json()["address"] == reply.json()["address"]


@pytest.mark.parametrize(
    ("upload", "sentence"),
    [
        (SimpleUploadedFile("a.png", b"<svg onload=alert(1)>"), "not a readable image"),
        (SimpleUploadedFile("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'), "not a readable image"),
        (SimpleUploadedFile("a.png", b"\x89PNG" * (MOST_BYTES // 4 + 1)), "larger than 2 MB"),
        (picture(4097, 1), "the limit is 4096 per side"),
        (promising(10_000, 10_000), "The image is 10000 × 10000 pixels; the limit is 4096"),
        (promising(20_000, 20_000), "too large; the limit is 4096 pixels"),
        (None, "Choose a picture first"),
    ],
)
def test_what_is_no_small_picture_is_refused(scientist, upload, sentence):
    reply = browser(scientist).post(f"{GUIDES}images/", {"picture": upload} if upload else {})
    assert reply.status_code == 400
    assert sentence in reply.json()["detail"]
    assert not GuideImage.objects.exists()


def test_the_tutorial_comes_once_for_each_version_and_goes_on_where_it_was_left(workflow, scientist):
    write(workflow, "tutorial", STEPS, scientist)
    page = browser(account("reader"))
    assert '"tutorialIsDue": true' in page.get("/classify/atlas/").content.decode()
    assert page.post("/classify/atlas/tutorial/", {"step": "1"}).status_code == 204
    part = page.get("/classify/atlas/tutorial/?part=1").content.decode()
    assert 'data-step="1"' in part
    assert "<html" not in part
    assert '"tutorialIsDue": true' in page.get("/classify/atlas/").content.decode()
    page.post("/classify/atlas/tutorial/", {"step": "2", "finished": "yes"})
    assert '"tutorialIsDue": false' in page.get("/classify/atlas/").content.decode()
    write(workflow, "tutorial", "# New", scientist, based_on=1)
    assert '"tutorialIsDue": true' in page.get("/classify/atlas/").content.decode()
    assert page.post("/classify/atlas/tutorial/", {"step": "x"}).status_code == 400
    for other in (browser(account("other")), browser()):
        assert 'data-step="0"' in other.get("/classify/atlas/tutorial/").content.decode()


def test_a_step_that_arrives_together_with_the_finish_does_not_undo_it(workflow, scientist, monkeypatch):
    write(workflow, "tutorial", STEPS, scientist)
    page, save = browser(), TutorialProgress.save

    def save_after_the_finish(row, **options):
        TutorialProgress.objects.update(finished_at=timezone.now())
        save(row, **options)

    monkeypatch.setattr(TutorialProgress, "save", save_after_the_finish)
    page.post("/classify/atlas/tutorial/", {"step": "2"})
    assert '"tutorialIsDue": false' in page.get("/classify/atlas/").content.decode()


def test_what_a_visitor_read_is_their_accounts_after_signing_up(workflow, scientist):
    text = write(workflow, "tutorial", STEPS, scientist)
    visitor, own = Volunteer.objects.create(), make_volunteer("own")
    TutorialProgress.objects.create(volunteer=visitor, text=text, step=2)
    merge(visitor, own)
    assert TutorialProgress.objects.get().volunteer == own


def test_the_field_guide_finds_classes_and_shows_only_what_the_reader_is_not_asked_about(workflow, scientist):
    write(workflow, "field-guide", "# CR: cosmic rays\n\nSharp.\n\n# AST\n\nRound.\n\n# Other", scientist)
    survey = workflow.survey
    free = make_subject(survey, "free", "CR")
    reader = make_volunteer("reader")
    entries = {entry.section.title: entry for entry in field_guide(workflow, reader)}
    assert entries["CR: cosmic rays"].examples == [free]
    assert (entries["AST"].examples, entries["Other"].label) == ([], "")
    asteroid = Subject.objects.get(gold_label="AST", external_id="atlas-g1")
    vote(reader, workflow, asteroid)
    assert field_guide(workflow, reader, "roUnd")[0].examples == [asteroid]
    assert field_guide(workflow, None, "round")[0].examples == []
    assert field_guide(workflow, reader, "square") == []
    Subject.objects.filter(pk=free.pk).update(is_synthetic=True)
    assert field_guide(workflow, reader, "sharp")[0].examples == []
    page = browser(reader.user).get("/classify/atlas/guide/?q=round").content.decode()
    assert f'<a href="/surveys/atlas/subjects/{asteroid.pk}/"><img src="/pixels/{asteroid.pk}/' in page
    assert "channel=" not in page, "an example shows all of its channels"
    page = browser().get("/classify/atlas/guide/?q=sharp").content.decode()
    assert "cosmic rays" in page
    assert "1 entry" in page


def test_the_field_guide_says_once_that_examples_are_missing(workflow, scientist):
    write(workflow, "field-guide", "# CR\n\nSharp.\n\n# AST\n\nRound.\n\n# Other", scientist)
    reader = browser()
    assert reader.get("/classify/atlas/guide/").content.decode().count("Examples appear here") == 1
    assert "Examples appear here" not in reader.get("/classify/atlas/guide/?q=other").content.decode()


def test_what_the_field_guide_says_of_a_class_is_told_after_an_answer(workflow, scientist):
    write(workflow, "field-guide", f"# CR\n\nSharp and bright. {'It goes on. ' * 40}", scientist)
    said = explanation(workflow, "CR")
    assert said.startswith("Sharp and bright. It goes on.")
    assert len(said) <= 140
    assert explanation(workflow, "AST") == ""


def test_help_is_the_scientists_text_or_what_the_settings_say(workflow, scientist):
    workflow.help_text = "Look twice."
    workflow.save()
    page = browser().get("/classify/atlas/help/").content.decode()
    assert "Look twice." in page
    assert '<a class="button primary" href="/classify/atlas/">Start</a>' in page
    assert 'href="/classify/atlas/guide/"' in page
    write(workflow, "help", "Look **thrice**.", scientist)
    part = browser().get("/classify/atlas/help/?part=1").content.decode()
    assert "Look <strong>thrice</strong>." in part
    assert "Start" not in part
