"""After the upgrade, objects that links join still know their parts, and have those that came in later."""

import pytest
from django.core.management import call_command

from ml.io.manifest_columns import SHARED_TIME
from tests.integration.learning import sky
from webapp.archive.models import Frame, Subject
from webapp.core.sql import execute
from webapp.linking.models import LinkRun, Proposal, TrackletBuild

# `s0` to `s2` were linked, and the link of `s2` was taken back; `s3` came in as a part of the same object as `s1`.
BEFORE = {"s0": "s0", "s1": "s1", "s2": "s2"}
NOW = {"s0": "s0", "s1": "s0", "s2": "s2", "s3": "s1", "s4": "s4"}
OLD = """
    INSERT INTO linking_unlinkedgroup (subject_id, object_group)
    SELECT id, %s FROM archive_subject WHERE external_id = %s
"""


@pytest.mark.django_db(transaction=True)
def test_joined_objects_keep_their_parts_and_gain_the_late_ones():
    survey = sky.survey("night")
    rows = sky.subjects(survey, [True] * 5, kind="tracklet", frames=2)
    run = LinkRun.objects.create(survey=survey, links="detections", first_mjd=1, last_mjd=2)
    of = {"mjd": 1, "ra": 0, "dec": 0, "rate": 1, "position_angle": 0, "misfit": 0}
    Proposal.objects.create(run=run, subject=rows[4], decision="confirmed", **of)
    Frame.objects.create(subject=rows[4], position=1, mjd_mid=1.5, mjd_keyword=SHARED_TIME)
    try:
        call_command("migrate", "linking", "0003", verbosity=0)
        for name, group in NOW.items():
            Subject.objects.filter(external_id=name).update(object_group=group)
        for name, group in BEFORE.items():
            execute(OLD, [group, name])
    finally:
        call_command("migrate", "linking", verbosity=0)
    found = {name: groups for name, *groups in Subject.objects.values_list("external_id", "object_group", "own_group")}
    assert found == {
        "s0": ["s0", "s0"], "s1": ["s0", "s1"], "s2": ["s2", None], "s3": ["s0", "s1"], "s4": ["s4", None],
    }  # fmt: skip
    assert Frame.objects.get().mjd_keyword == "mjd2 of the manifest"
    assert [build.survey for build in TrackletBuild.objects.all()] == [survey]
