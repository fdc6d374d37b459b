"""Project bundles: a round trip into another survey, a dry run that changes nothing, and hostile files."""

import io
import zipfile

import numpy as np
import pytest
import yaml
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.integration.people import account, browser, member, others
from tests.integration.world import make_workflow
from webapp.archive.models import Survey
from webapp.exports.bundle import project_bundle
from webapp.guides.guide_texts import current_text, write_text
from webapp.guides.images import address_of, store_image
from webapp.guides.models import GuideImage, GuideText, Translation
from webapp.guides.translations import save_translations
from webapp.imports.bundle_file import BundleRefused, read_bundle
from webapp.imports.import_bundle import import_bundle, open_from_bundle
from webapp.workflows.models import Workflow

pytestmark = pytest.mark.django_db

ADDRESS = "/surveys/atlas/exchange/bundle.zip"


@pytest.fixture
def workflow():
    return make_workflow(subjects=1)


@pytest.fixture
def admin(workflow):
    return member(workflow.survey, "admin")


def drawing():
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 40, 3), dtype=np.uint8)).save(buffer, "PNG")
    return SimpleUploadedFile("a.png", buffer.getvalue())


def told(workflow, admin):
    """Give a survey a story with a picture, guides, and translations; return it."""
    survey = workflow.survey
    address = address_of(store_image(survey=survey, upload=drawing(), by=admin))
    survey.story, survey.faq = f"# Ours\n\n![A streak]({address})", "## Why?\n\nBecause."
    survey.save()
    of = {"survey": survey, "based_on": 0, "by": admin}
    write_text(**of, workflow=None, kind="field-guide", language="en", body="# CR: cosmic ray\n\nSharp.")
    write_text(**of, workflow=workflow, kind="tutorial", language="de", body=f"# Schau\n\n![x]({address})")
    texts = {"story": "# Unseres", "atlas.question": "Echt?"}
    save_translations(user=admin, survey=survey, language="de", texts=texts)
    return survey


def exported(survey):
    with project_bundle(survey) as file:
        return file.read()


def packed(settings=None, **members):
    """Return a bundle with these members, beside the settings."""
    about = {"format": "wanderers-project", "version": 1, "survey": {}, "workflows": [], **(settings or {})}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"bundle.yaml": yaml.safe_dump(about), **members}.items():
            archive.writestr(name, content)
    buffer.seek(0)
    return buffer


def test_a_bundle_goes_into_another_survey_and_comes_back_the_same(workflow, admin):
    told(workflow, admin)
    other = Survey.objects.create(slug="other", name="Other")
    boss = member(other, "admin")
    sent = exported(workflow.survey)
    dry = import_bundle(user=boss, survey=other, file=io.BytesIO(sent), is_dry=True)
    assert Survey.objects.get(slug="other").story == ""
    assert (Workflow.objects.count(), GuideText.objects.count(), GuideImage.objects.count()) == (1, 2, 1)
    done = import_bundle(user=boss, survey=other, file=io.BytesIO(sent), is_dry=False)
    assert [each.what for each in done] == [each.what for each in dry]
    other = Survey.objects.get(slug="other")
    picture = GuideImage.objects.get(survey=other)
    copied = other.workflows.get()
    assert (copied.slug, copied.is_active, copied.follow_ups) == ("atlas-other", False, workflow.follow_ups)
    assert (other.name, other.classes, other.faq) == ("ATLAS", ["AST", "CR"], "## Why?\n\nBecause.")
    assert other.story == f"# Ours\n\n![A streak]({address_of(picture)})"
    assert address_of(picture) in current_text(other, copied, "tutorial", "de").body
    assert set(Translation.objects.filter(survey=other).values_list("field", "text")) == {
        ("story", "# Unseres"), ("question", "Echt?"),
    }  # fmt: skip
    assert import_bundle(user=boss, survey=other, file=io.BytesIO(sent), is_dry=False) == []
    back = import_bundle(user=admin, survey=workflow.survey, file=io.BytesIO(exported(other)), is_dry=True)
    assert back[0].what == "atlas-other-atlas"  # a copy; the page itself has not changed


def test_the_page_shows_what_changes_and_then_imports(workflow, admin):
    person = browser(admin)
    told(workflow, admin)
    sent = b"".join(person.get(ADDRESS).streaming_content)
    Survey.objects.update(story="# Changed")
    page = person.post(f"{ADDRESS}/import/", {"file": SimpleUploadedFile("b.zip", sent)}).content.decode()
    assert "1 text or setting" in page
    assert "# Changed" in page
    assert Survey.objects.get().story == "# Changed"
    imported = person.post(f"{ADDRESS}/import/", {"file": SimpleUploadedFile("b.zip", sent), "act": "import"})
    assert imported["Location"] == "/surveys/atlas/project/"
    assert Survey.objects.get().story.startswith("# Ours")


def test_only_admins_import_and_only_scientists_export(workflow):
    sent = packed(**{"texts/story.md": "# Mine"}).read()
    for person in others(workflow.survey):
        answer = person.post(f"{ADDRESS}/import/", {"file": SimpleUploadedFile("b.zip", sent), "act": "import"})
        assert answer.status_code == 403
    assert Survey.objects.get(slug="atlas").story == ""
    assert [person.get(ADDRESS).status_code for person in others_without_scientist(workflow.survey)] == [403, 302]


def others_without_scientist(survey):
    return [browser(member(survey, "moderator")), browser()]


def test_a_bundle_makes_a_new_survey_and_the_dry_run_only_says_so(workflow, admin):
    told(workflow, admin)
    root = account("root", is_superuser=True)
    sent = exported(workflow.survey)

    def make(act=""):
        upload = {"file": SimpleUploadedFile("b.zip", sent), "slug": "copy", "act": act}
        return browser(root).post("/surveys/new/bundle/", upload)

    page = make().content.decode()
    assert "would make the survey “copy”" in page
    assert not Survey.objects.filter(slug="copy").exists()
    assert make("import")["Location"] == "/surveys/copy/project/"
    copy = Survey.objects.get(slug="copy")
    assert (copy.name, copy.classes, copy.faq) == ("ATLAS", ["AST", "CR"], "## Why?\n\nBecause.")
    assert copy.page_versions.get().published_by == root
    assert [(each.slug, each.is_active) for each in copy.workflows.all()] == [("atlas-copy", False)]
    assert copy.memberships.get(role="admin").user == root
    again = make("import")
    assert (again.status_code, Survey.objects.count()) == (400, 2)


def test_only_the_sites_administrators_make_surveys_of_bundles(workflow, admin):
    sent = packed({"survey": {"name": "Mine"}}).read()
    for person in [*others(workflow.survey), browser(admin)]:
        upload = {"file": SimpleUploadedFile("b.zip", sent), "slug": "mine", "act": "import"}
        assert person.post("/surveys/new/bundle/", upload).status_code == 403
    assert not Survey.objects.filter(slug="mine").exists()
    with pytest.raises(PermissionDenied):
        open_from_bundle(user=admin, slug="mine", file=io.BytesIO(sent), is_dry=False)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"../../etc/passwd": "x"}, "no place"),
        ({"/texts/story.md": "x"}, "no place"),
        ({"texts/story.md.html": "x"}, "no place"),
        ({"texts/story.md": b"\xff\xfe"}, "UTF-8"),
        ({"texts/story.md": "a\0b"}, "UTF-8"),
        ({"texts/story.md": b"0" * 10_000_000}, "too large"),
        ({"texts/story.md": "x" * 20_001}, "20000 are allowed"),
        ({"bundle.yaml": "a: !!python/object/apply:os.system [true]"}, "not readable YAML"),
        ({"bundle.yaml": "a: &a [x]\nb: [*a, *a]"}, "aliases"),
        ({"bundle.yaml": "[" * 50_000}, "not readable YAML"),
        ({"bundle.yaml": "format: other"}, "not made by"),
        ({"translations/de.yaml": '{"story": "\\ud800"}'}, "no setting has"),
        ({"guides/atlas/tutorial.en.md": "# x"}, "no place"),
        ({"guides/tutorial.en.md": "# x"}, "no place"),
        ({"guides/field-guide.xx.md": "# x"}, "no place"),
        ({"images/ab.png": "x", "texts/story.md": "![x](images/ab.png)"}, "not a readable image"),
        ({"translations/de.yaml": "[story]"}, "not readable YAML"),
    ],
)
def test_hostile_files_are_refused_and_change_nothing(workflow, admin, members, says):
    with pytest.raises(BundleRefused, match=says):
        import_bundle(user=admin, survey=workflow.survey, file=packed(**members), is_dry=False)
    assert Survey.objects.get().story == ""
    assert not GuideText.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"survey": {"slug": "mine"}},
        {"survey": {"classes": "AST"}},
        {"survey": {"classes": [["AST"]]}},
        {"survey": {"positive": ["NONE"]}},
        {"survey": {"name": "a\0b"}},
        {"workflows": [{"slug": "new", "name": "x", "question": "?"}]},
        {"workflows": [{"slug": "new", "kind": "stamp", "question": "?", "name": "x", "follow_ups": ["CR"]}]},
        {"workflows": [{"slug": "a b", "kind": "stamp"}]},
        {"workflows": [{"slug": "new", "kind": "stamp", "question": "?", "name": "x", "follow_ups": {"yes": 3}}]},
        {"workflows": [{"slug": "new", "kind": "stamp", "question": "?", "name": "x", "prior": float("nan")}]},
        {"workflows": [{"slug": "new", "kind": "stamp", "question": "?", "name": "x", "prior": "high"}]},
        {"workflows": [{"slug": "new", "kind": "stamp", "question": "?" * 201, "name": "x"}]},
        {"workflows": [{"slug": "new", "kind": "stamp", "question": "?", "name": "x", "max_votes": 10**400}]},
        {"workflows": [{"slug": "atlas", "kind": "cube"}]},
    ],
)
def test_settings_are_checked_as_if_typed(workflow, admin, wrong):
    with pytest.raises(BundleRefused):
        import_bundle(user=admin, survey=workflow.survey, file=packed(wrong), is_dry=False)
    assert list(Workflow.objects.values_list("slug", "kind")) == [("atlas", "tracklet")]
    assert Survey.objects.get().classes == ["AST", "CR"]


def test_a_member_larger_than_it_claims_is_refused():
    data = bytearray(packed(**{"texts/story.md": b"0" * 1_000_000}).getvalue())
    place = data.rindex(b"texts/story.md") - 46
    data[place + 24 : place + 28] = (10).to_bytes(4, "little")  # the size in the directory
    with pytest.raises(BundleRefused):
        read_bundle(io.BytesIO(data))


def test_what_is_no_zip_file_is_refused():
    with pytest.raises(BundleRefused, match="not a readable ZIP"):
        read_bundle(io.BytesIO(b"PK\x03\x04" + b"\0" * 100))
