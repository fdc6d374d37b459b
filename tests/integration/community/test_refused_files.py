"""Every error message of a file reader can be translated."""

import ast
import re
from collections.abc import Iterator

import pytest
from django.utils.translation import override

from ml.io.message import Message
from ml.io.records import BadInput
from tests.integration.learning import sky
from webapp.archive.ingest.store import report
from webapp.archive.models import IngestRun
from webapp.archive.models.ingest_run import ALL_BAD
from webapp.core.environment import ROOT
from webapp.core.stored_messages import in_words

FOLDERS = ("ml/io", "ml/imaging", "ml/storage", "webapp/archive/ingest")


def templates() -> Iterator[ast.expr]:
    """Yield what the sources pass to `BadInput` and `Message` as templates."""
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("BadInput", "Message"):
                yield node.args[0]


LITERALS = sorted({node.value for node in templates() if isinstance(node, ast.Constant)})
MESSAGES = {
    *("template", "_AFTER_A_PLACE", "reason"),  # of `ml/io/message.py` and `ml/io/records.py`
    "OTHER_PIXELS(name=record.external_id)",  # a sentence with its values
}


@pytest.mark.parametrize("language", ["de", "es", "fr"])
def test_every_complaint_is_translated_with_its_values(language):
    with override(language):
        wrong = [template for template in LITERALS if not _is_translated(template)]
    assert not wrong, "Run manage.py translations, and translate them."


def _is_translated(template: str) -> bool:
    values = {name: f"<{name}>" for name in re.findall(r"%\((\w+)\)s", template)}
    said = Message(template, **values)
    translated = in_words(said)
    return translated != said and all(value in translated for value in values.values())


def test_every_complaint_is_a_literal_so_that_it_can_be_collected():
    others = [ast.unparse(node) for node in templates() if not isinstance(node, ast.Constant)]
    assert set(others) <= MESSAGES
    assert len(LITERALS) > 80


@pytest.mark.django_db
def test_a_complaint_keeps_its_place_and_its_figures():
    decoded = Message(
        "%(problem)s (%(error)s). Download or export it again.",
        problem=Message("is not a whole Avro file"),
        error="Invalid",
    )
    bad = BadInput("its %(channel)s stamp %(problem)s", channel="difference", problem=decoded, image="cut.fits")
    run = IngestRun.objects.create(survey=sky.survey(), path="night.csv")
    report(run, [bad.at(file="night.csv", row=3)], [])
    problem = run.problems.get()
    said = (
        "night.csv row 3: cut.fits: its difference stamp is not a whole Avro file (Invalid). "
        "Download or export it again."
    )
    assert (problem.message, str(problem)) == (said, said)
    with override("de"):
        assert in_words(ALL_BAD(count=7, problem=problem.message)) == (
            "Es ließ sich nichts lesen. Alle 7 Zeilen oder Dateien sind fehlerhaft; die erste: night.csv, Zeile 3: "
            "cut.fits: sein Ausschnitt „difference“ ist keine ganze Avro-Datei (Invalid). Lade die Datei noch "
            "einmal herunter oder exportiere sie neu."
        )


def test_a_size_and_a_thing_are_translated():
    with override("de"):
        assert in_words(
            Message(
                "%(what)s would take %(size)s of memory, more than the %(most)s allowed. Cut it into smaller images, "
                "or point to single planes of it with a `plane` column.",
                what=Message("this image"),
                size="1.5 GB",
                most="268 MB",
            )
        ).startswith("dieses Bild bräuchte 1.5 GB")
