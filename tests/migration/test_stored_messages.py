"""Sentences that were stored as plain text survive the migrations to messages, and the way back."""

import pytest
from django.core.management import call_command
from django.db import connection

from tests.integration.learning import sky
from webapp.learning import models
from webapp.learning.models import Evaluation, Promotion, TrainingRun

TEXT = 'The "disk" is full:\n100 % of €.'


def stored(model, column):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {model._meta.db_table}")
        return [text for (text,) in cursor]


@pytest.mark.django_db(transaction=True)
def test_sentences_survive_there_and_back():
    checkpoint = sky.checkpoint(sky.workflow(sky.survey()))
    frozen = models.TestSet.objects.create(survey=checkpoint.survey, kind="stamp", hash="1" * 64, size=12)
    TrainingRun.objects.update(error=TEXT)
    Promotion.objects.create(checkpoint=checkpoint, reason=TEXT)
    Evaluation.objects.create(checkpoint=checkpoint, test_set=frozen, metrics={}, verdict=TEXT)
    columns = [(TrainingRun, "error", TEXT), (TrainingRun, "message", ""), (Promotion, "reason", TEXT)]
    columns.append((Evaluation, "verdict", TEXT))
    try:
        call_command("migrate", "learning", "0002", verbosity=0)
        assert [stored(model, column) for model, column, _ in columns] == [[text] for *_, text in columns]
    finally:
        call_command("migrate", "learning", verbosity=0)
    for model, column, text in columns:
        assert list(model.objects.values_list(column, flat=True)) == [text]
