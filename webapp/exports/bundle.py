"""A survey's project as a bundle: a ZIP file of YAML, Markdown and images that another survey or site can import.

- ``bundle.yaml``: the survey's name, classes and language; its workflows with their settings
- ``texts/story.md``, ``team.md``, ``faq.md``: the project page, as published
- ``guides/field-guide.en.md``, ``guides/WORKFLOW/tutorial.en.md``, ``help.en.md``: guides by language
- ``translations/de.yaml``: the other texts in other languages
- ``images/DIGEST.png``: what the texts show; they refer to it by this path
"""

import re
import tempfile
from collections.abc import Iterable
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

import yaml

from webapp.archive.models import Survey
from webapp.guides.models import GuideImage, GuideText, Language, Translation
from webapp.guides.project_page import TEXTS
from webapp.guides.translations import translated
from webapp.workflow_settings.forms import WorkflowForm

NAME = "bundle.yaml"
FORMAT = "wanderers-project"
VERSION = 1
OF_SURVEY = ("name", "description", "language", "classes", "positive")
OF_WORKFLOW = ("kind", *(name for name in WorkflowForm.Meta.fields if name != "is_active"), "follow_ups")
PICTURE = re.compile(r"/guide-images/([0-9]{1,18})/([0-9a-f]{1,32})(?![0-9a-f])")
IN_MEMORY = 2**20


def project_bundle(survey: Survey) -> IO[bytes]:
    """Return the ZIP file, opened for reading."""
    texts = {f"texts/{name}.md": getattr(survey, name) for name in TEXTS}
    texts |= {f"guides/{path_of(text)}": text.body for text in _guides(survey)}
    texts |= {
        f"translations/{language}.yaml": to_yaml({key: row.text for key, row in rows.items()})
        for language in Language.values
        if (rows := _translations(survey, language))
    }
    images = _images(texts.values())
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # whoever sends it closes it
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr(NAME, to_yaml(_settings(survey)))
        for path, text in texts.items():
            if text.strip():
                archive.writestr(path, PICTURE.sub(lambda found: _path_in(images, found), text))
        for path, pk in images.values():
            archive.writestr(path, bytes(GuideImage.objects.values_list("content", flat=True).get(pk=pk)))
    file.seek(0)
    return file


def to_yaml(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100)


def path_of(text: GuideText) -> str:
    """Return where a guide lies: field-guide.en.md, atlas/help.de.md."""
    folder = f"{text.workflow.slug}/" if text.workflow else ""
    return f"{folder}{text.kind}.{text.language}.md"


def _settings(survey: Survey) -> dict[str, Any]:
    workflows = [
        {"slug": each.slug, **{name: getattr(each, name) for name in OF_WORKFLOW}} for each in survey.workflows.all()
    ]
    about = {name: getattr(survey, name) for name in OF_SURVEY}
    return {"format": FORMAT, "version": VERSION, "survey": about, "workflows": workflows}


def _guides(survey: Survey) -> Iterable[GuideText]:
    """Return the newest version of each guide in each language."""
    rows = GuideText.objects.filter(survey=survey).select_related("workflow")
    place = ("workflow_id", "kind", "language")
    return rows.order_by(*place, "-version").distinct(*place)


def _translations(survey: Survey, language: str) -> dict[str, Translation]:
    return translated(survey, language) if language != survey.language else {}


def _images(texts: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Return the paths and keys of the pictures in the texts, by their addresses."""
    named = {found[0]: (int(found[1]), found[2]) for text in texts for found in PICTURE.finditer(text)}
    rows = GuideImage.objects.filter(pk__in=[pk for pk, _digest in named.values()]).defer("content").in_bulk()
    return {
        address: (f"images/{digest}.{rows[pk].content_type.partition('/')[2]}", pk)
        for address, (pk, digest) in named.items()
        if pk in rows and rows[pk].digest == digest
    }


def _path_in(images: dict[str, tuple[str, int]], found: re.Match[str]) -> str:
    return images[found[0]][0] if found[0] in images else found[0]
