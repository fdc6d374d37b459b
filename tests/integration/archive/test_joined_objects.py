"""What comes in under the group of an object that links have joined with another is a part of both."""

import pytest

from tests.integration.archive.sky import row, run_ingest, write_cube, write_manifest
from tests.integration.learning import sky
from tests.integration.linking.searching import NIGHT, confirm
from tests.integration.people import member
from webapp.archive.models import Subject
from webapp.archive.subject_search import search
from webapp.linking.linked_objects import take_back
from webapp.linking.models import LinkRun, Links, Proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey():
    """Two tracklets, `s0` and `s1`, of an object each."""
    survey = sky.survey()
    member(survey, "scientist")
    sky.subjects(survey, [True] * 2, kind="tracklet", frames=2)
    return survey


def link(survey):
    run = LinkRun.objects.create(survey=survey, links=Links.TRACKLETS, first_mjd=NIGHT, last_mjd=NIGHT + 1)
    proposal = Proposal.objects.create(run=run, mjd=NIGHT, ra=0, dec=0, rate=30, position_angle=0, misfit=1)
    proposal.members.set(Subject.objects.filter(survey=survey))
    confirm(survey, proposal)
    return proposal


def groups():
    return dict(Subject.objects.values_list("external_id", "object_group"))


def test_what_comes_later_under_either_group_joins_the_object_until_the_link_is_taken_back(survey, tmp_path):
    proposal = link(survey)
    write_cube(tmp_path / "a.fits")
    names = {"third": "s0", "fourth": "s1", "stranger": "s2"}
    write_manifest(
        tmp_path,
        [row(name, image="a.fits", plane=at, object_group=names[name]) for at, name in enumerate(names)],
    )
    assert run_ingest(survey, tmp_path).added == 3
    assert groups() == {"s0": "s0", "s1": "s0", "third": "s0", "fourth": "s0", "stranger": "s2"}
    take_back(survey=survey, proposal=proposal.pk, by=survey.memberships.get().user, reason="A star")
    assert groups() == {"s0": "s0", "s1": "s1", "third": "s0", "fourth": "s1", "stranger": "s2"}
    assert not Subject.objects.exclude(own_group=None).exists()


@pytest.mark.parametrize(("text", "match"), [("object-1", "part"), ("JECT-1", "part"), ("object-1", "exact")])
def test_an_object_is_found_by_the_name_that_it_had_before(survey, text, match):
    for name in ("s0", "s1"):
        Subject.objects.filter(external_id=name).update(object_group=f"object-{name[1]}")
    link(survey)
    assert groups() == {"s0": "object-0", "s1": "object-0"}
    assert [row.external_id for row in search([survey], {"text": text, "match": match})] == ["s1"]


def test_another_surveys_groups_of_the_same_name_stay_apart(survey, tmp_path):
    link(survey)
    write_cube(tmp_path / "a.fits")
    write_manifest(tmp_path, [row("third", image="a.fits", plane=0, object_group="s1")])
    run_ingest(sky.survey("elsewhere"), tmp_path)
    assert groups()["third"] == "s1"
