"""Every error message of a file reader can be translated."""

import ast
from collections.abc import Iterator

import pytest
from django.utils.translation import override

from webapp.archive import ingest_messages
from webapp.core.environment import ROOT
from webapp.core.stored_messages import in_words

FOLDERS = ("ml/io", "ml/imaging", "ml/storage", "webapp/archive/ingest")


def complaints() -> Iterator[str]:
    """Yield the messages that the sources pass to `BadInput` and `decoding`, with slots filled."""
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            said = isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("BadInput", "decoding")
            if said and isinstance(node.args[0], (ast.Constant, ast.JoinedStr)):
                yield _filled(node.args[0])


def _filled(text: ast.expr) -> str:
    if isinstance(text, ast.Constant):
        return text.value
    return "".join(part.value if isinstance(part, ast.Constant) else "xyz" for part in text.values)


@pytest.mark.parametrize("said", sorted(set(complaints())))
def test_every_complaint_is_known(said):
    with override("de"):
        assert in_words(said) != said, "Add it to webapp/archive/ingest_messages.py, and translate it."


def test_a_complaint_keeps_its_place_and_its_figures():
    said = "night.csv row 3: cut.fits: its difference stamp is not a whole Avro file (Invalid). Fetch or make it again."
    problem = ingest_messages.ALL_BAD(count=7, problem=said)
    with override("de"):
        assert in_words(problem) == (
            "Es ließ sich nichts lesen. Alle 7 Zeilen oder Dateien sind fehlerhaft; die erste: night.csv, Zeile 3: "
            "cut.fits: sein Ausschnitt „difference“ ist keine ganze Avro-Datei (Invalid). Hol oder mach die Datei noch "
            "einmal."
        )
        assert in_words(
            "this image would take 1.5 GB of memory, more than the 268 MB allowed. Cut it into smaller images, "
            "or point to single planes of it with a `plane` column."
        ).startswith("dieses Bild bräuchte 1.5 GB")
