"""Primary keys of subjects increase with gaps, which synthetic subjects fill."""

import pytest
from django.db import transaction

from tests.integration.learning import sky
from webapp.archive.ingest.pixel_writer import keys_in_gaps, new_keys
from webapp.archive.models import Subject

pytestmark = pytest.mark.django_db


def test_an_ingest_leaves_gaps():
    keys = new_keys(80)
    assert keys == sorted(set(keys))
    assert len(keys) == 80
    assert keys[-1] - keys[0] + 1 > 80, "all gaps lie at the ends by chance once in 10¹¹"
    assert max(keys) < min(new_keys(5))


def test_gaps_are_taken_once_and_fresh_keys_where_there_are_none():
    survey = sky.survey()
    rows = sky.subjects(survey, [False] * 6)
    last = rows[-1].pk
    gaps = {rows[1].pk, rows[3].pk}
    Subject.objects.filter(pk__in=gaps).delete()
    with transaction.atomic():
        keys = keys_in_gaps(survey, 5)
    assert len(set(keys)) == 5
    assert gaps >= {key for key in keys if key < last}
    assert not set(keys) & set(Subject.objects.values_list("pk", flat=True))


def test_gaps_between_subjects_of_others_are_left_to_them():
    other = sky.subjects(sky.survey("other"), [False] * 6, prefix="o")
    survey = sky.survey()
    sky.subjects(survey, [False] * 4)
    Subject.objects.filter(pk=other[2].pk).delete()
    with transaction.atomic():
        assert other[2].pk not in keys_in_gaps(survey, 4)
