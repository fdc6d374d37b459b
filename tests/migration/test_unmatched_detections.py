"""After the upgrade, what was unidentified still is; cutouts and cubes wait to be compared by trails and tracks."""

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.integration.learning import sky
from webapp.archive.models import Subject
from webapp.known_objects.models import IdentityCheck, OrbitCatalogue


@pytest.mark.django_db(transaction=True)
def test_checks_keep_what_they_said_and_what_was_left_out_is_compared():
    survey = sky.survey("night")
    known, unknown, without = sky.subjects(survey, [True] * 3)
    [cutout] = sky.subjects(survey, [True], kind="cutout")
    [cube] = sky.subjects(survey, [True], kind="cube")
    catalogue = OrbitCatalogue.objects.create(checksum="0", orbits=1, epoch=61000)
    left_out = ((without, 0, 0), (cutout, 0, 0), (cube, 0, 0))
    for row, detections, candidates in ((known, 2, 1), (unknown, 2, 0), *left_out):
        IdentityCheck.objects.create(
            subject=row, catalogue=catalogue, detections=detections, candidates=candidates, checked_at=timezone.now()
        )
    try:
        call_command("migrate", "known_objects", "0001", verbosity=0)
    finally:
        call_command("migrate", "known_objects", verbosity=0)
    assert dict(IdentityCheck.objects.values_list("subject", "unmatched")) == {
        known.pk: 0, unknown.pk: 2, without.pk: 0
    }  # fmt: skip
    assert Subject.objects.count() == 5
