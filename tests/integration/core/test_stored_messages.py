"""A message is stored as template and values, and shown in the reader's language."""

import pytest
from django.db import connection
from django.utils.translation import override

from ml.io.message import Message, after
from tests.integration.learning import sky
from webapp.core.stored_messages import in_words
from webapp.core.templatetags.texts import with_code
from webapp.learning.messages import COMPARISON, CONTROL, NO_BETTER
from webapp.learning.models import TrainingRun

pytestmark = pytest.mark.django_db

COMPARED = COMPARISON(auc=0.912, difference="-0.010", low="-0.020", high="0.000")
VERDICT = CONTROL(verdict=NO_BETTER(comparison=COMPARED))
ENGLISH = "Control run: never promoted. No better: AUC 0.912, -0.010 (-0.020 to 0.000) against the champion."


@pytest.fixture
def run():
    return sky.checkpoint(sky.workflow(sky.survey())).run


def stored(run, **fields):
    """Write the fields as a worker does, and read them back."""
    TrainingRun.objects.filter(pk=run.pk).update(**fields)
    return TrainingRun.objects.get(pk=run.pk)


def test_a_workers_message_is_read_in_the_readers_language(run):
    message = stored(run, message=VERDICT).message
    assert message == ENGLISH
    assert in_words(message) == ENGLISH
    with override("de"):
        assert in_words(message) == (
            "Kontrolllauf: wird nie befördert. Es ist nicht besser: AUC 0,912, -0,010 (-0,020 bis 0,000) gegenüber dem "
            "Champion."
        )


def test_a_text_that_only_looks_like_a_message_is_not_translated(run):
    for text in (ENGLISH, '{"text": "Collecting labels.", "values": {}}', "100 %", '"', "null"):
        again = stored(run, error=text).error
        with override("de"):
            assert (again, in_words(again)) == (text, text)


def test_an_unforeseen_error_keeps_its_name_and_a_foreign_text_its_words(run):
    error = stored(run, error=after("ValueError", Message("Collecting labels."))).error
    with override("de"):
        assert in_words(error) == "ValueError: Die Labels werden gesammelt."
        assert in_words(after("OSError", "Segmentation fault")) == "OSError: Segmentation fault"


def test_empty_messages_are_found(run):
    assert TrainingRun.objects.filter(pk=run.pk, error="", message="").exists()
    assert stored(run, error=VERDICT).error
    assert not TrainingRun.objects.filter(pk=run.pk, error="").exists()
    assert TrainingRun.objects.exclude(error="").get() == run
    assert TrainingRun.objects.get(error=VERDICT) == run


def test_the_column_holds_template_and_values(run):
    stored(run, message=NO_BETTER(comparison="none"), error="It’s broken.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT message, error FROM learning_trainingrun WHERE id = %s", [run.pk])
        assert cursor.fetchone() == (
            '{"text": "No better: %(comparison)s.", "values": {"comparison": "none"}}',
            '"It’s broken."',
        )


def test_what_stands_between_backticks_is_shown_as_code_and_nothing_becomes_html():
    assert with_code("`ra` is “<b>”; see `dec`.") == "<code>ra</code> is “&lt;b&gt;”; see <code>dec</code>."
