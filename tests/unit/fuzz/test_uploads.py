"""Whatever people upload, the page gets content or a sentence, in bounded memory."""

import io
import json
import zipfile

import numpy as np
import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.unit.fuzz.damage import FUZZ, bounded_memory, damaged, read_or_refused
from webapp.core.markdown import as_html, sections
from webapp.core.pictures import MOST_BYTES, PictureRefused, encode_picture
from webapp.exports.bundle import FORMAT, NAME, VERSION
from webapp.imports.bundle_file import BundleRefused, read_bundle
from webapp.imports.foreign_record import BadFile
from webapp.imports.inspect import read_classifications

SETTINGS = yaml.safe_dump(
    {"format": FORMAT, "version": VERSION, "survey": {"name": "Sky"}, "workflows": [{"slug": "movers", "prior": 0.1}]}
).encode()
GUIDE = (
    b"# Tutorial\n\n![a](/guide-images/1/ab.png) *Look* for `moving` dots.\n\n| a | b |\n|---|---|\n| 1 | [x](y) |\n"
)
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8))
EXIF = Image.Exif()
EXIF[0x0112], EXIF[0x010F], EXIF[0x011A] = 6, "maker", 1.5
METADATA = json.dumps({"started_at": "2020-01-01T00:00:00Z", "classifier_version": "2.0"})
ANNOTATIONS = json.dumps([{"task": "T0", "value": "Yes"}, {"task": "T1", "value": [{"x": 1, "y": 2.5, "frame": 0}]}])
LABEL_STUDIO = json.dumps(
    [{"id": 1, "data": {"image": "a.png"}, "annotations": [{"id": 2, "completed_by": 3, "result": [
        {"from_name": "q", "to_name": "image", "type": "choices", "value": {"choices": ["Yes"]}}]}]}] * 2
)  # fmt: skip


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


PANOPTES = (
    "classification_id,user_name,user_id,workflow_id,created_at,metadata,annotations,subject_data,subject_ids\n"
    + f"1,ann,4,7,2020-01-01 00:00:00 UTC,{quoted(METADATA)},{quoted(ANNOTATIONS)},{quoted('{}')},12\n" * 2
).encode()
VOTES = b"classification_id,user_name,subject_ids,answer\n1,ann,12,yes\n2,bob,12,no\n"


def bundle(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ({"settings": (NAME, SETTINGS)} | files).values():
            archive.writestr(name, content)
    return out.getvalue()


WHOLE = bundle(guide=("guides/movers/tutorial.en.md", GUIDE), words=("translations/de.yaml", b"Yes: Ja\n"))


def accepted_bundle(content):
    found = read_or_refused(lambda: read_bundle(io.BytesIO(content)), BundleRefused)
    assert found is None or found.settings["format"] == FORMAT


@given(damaged(WHOLE))
@FUZZ
def test_bundles(content):
    accepted_bundle(content)


@given(damaged(SETTINGS), damaged(GUIDE))
@FUZZ
def test_what_is_in_bundles(settings, guide):
    accepted_bundle(bundle(settings=(NAME, settings), guide=("guides/movers/tutorial.en.md", guide)))


def picture(name, **options):
    out = io.BytesIO()
    NOISE.save(out, name, **options)
    return out.getvalue()


PICTURES = [picture("PNG", exif=EXIF), picture("JPEG", exif=EXIF), picture("JPEG", progressive=True), picture("GIF"),
            picture("WEBP", exif=EXIF)]  # fmt: skip


@given(damaged(*PICTURES))
@FUZZ
def test_pictures(content):
    upload = SimpleUploadedFile("a.png", content)
    encoded = read_or_refused(lambda: encode_picture(upload, ("PNG", "JPEG", "GIF", "WEBP")), PictureRefused)
    if encoded is not None:
        assert len(encoded.content) <= MOST_BYTES
        assert Image.open(io.BytesIO(encoded.content)).size == (encoded.width, encoded.height)


@pytest.mark.parametrize("sample", [PANOPTES, VOTES, LABEL_STUDIO.encode()], ids=["panoptes", "votes", "label studio"])
def test_classifications(sample, tmp_path):
    path = tmp_path / "classifications"

    @given(damaged(sample))
    @FUZZ
    def are_read_or_refused(content):
        path.write_bytes(content)
        rows = read_or_refused(lambda: list(read_classifications(path)), BadFile)
        assert rows is None or None not in rows

    are_read_or_refused()


@given(st.one_of(st.text(max_size=300), damaged(GUIDE).map(lambda text: text.decode(errors="replace"))))
@FUZZ
def test_markdown(text):
    html = as_html(text)
    assert "<script" not in html.lower()
    assert all(section.html is not None for section in sections(text))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["[", "![](", "*a ", "> ", "- ", "`", "<", "|a|\n|-|\n", "[a](<", "\\[", "&#x", "~~a"]
)
def test_markdown_of_one_piece_without_end(piece):
    with bounded_memory():
        as_html(piece * (20_000 // len(piece)))
