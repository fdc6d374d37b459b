"""Subjects by API: the filters of the archive search page, by the same rules, for scientists of the survey only."""

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from rest_framework.test import APIClient

from tests.integration.learning import sky
from tests.integration.people import member
from webapp.archive.models import Membership, Subject
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue
from webapp.learning.models import Score
from webapp.review.cases import change_case

pytestmark = pytest.mark.django_db

SUBJECTS = "/api/subjects/"
FOR_SCIENTISTS = {
    "gold_label": "AST", "tag": "lens", "min_mag": 1, "max_mag": 30, "min_p_real": 0, "max_p_real": 1,
    "min_posterior": 0, "max_posterior": 1, "known": "near", "designation": "3200",
    "min_fitted_rate": 0, "max_fitted_rate": 9, "set": "Training movers of night",
    "object_group": "s0",
}  # fmt: skip


@pytest.fixture
def night():
    return sky.survey("night")


@pytest.fixture
def rows(night):
    """Five subjects: magnitudes 18 to 22, the last with a frame of 17, too; each is known for one more thing."""
    found = sky.subjects(night, [True] * 5)
    for n, row in enumerate(found):
        row.frames.create(position=0, mag=18 + n)
        Subject.objects.filter(pk=row.pk).update(mag=18 + n)
    found[4].frames.create(position=1, mag=17)
    Subject.objects.filter(pk=found[4].pk).update(mag=19.5)
    workflow, other = sky.workflow(night), sky.workflow(night, slug="other")
    scores = {"probabilities": [0.9], "entropy": 0.1, "subject": found[1]}
    Score.objects.create(checkpoint=sky.checkpoint(workflow, is_champion=True), p_real=0.9, **scores)
    Score.objects.create(checkpoint=sky.checkpoint(other), p_real=0.5, **scores)
    sky.votes(workflow, found[2], 0.95)
    sky.votes(other, found[2], 0.1)
    catalogue = OrbitCatalogue.objects.create(checksum="0", orbits=1, epoch=61000.0)
    near = {"separation": 1, "along": 1, "across": 0, "rate": 1, "position_angle": 1, "detections": 2}
    for row, name in ((found[0], "3200"), (found[3], "320001")):
        IdentityCheck.objects.create(subject=row, catalogue=catalogue, detections=2, candidates=1)
        KnownMatch.objects.create(subject=row, designation=name, **near)
    IdentityCheck.objects.create(subject=found[1], catalogue=catalogue, detections=2, candidates=0)
    return found


def client_of(user):
    client = APIClient()
    client.force_authenticate(User.objects.get(pk=user.pk))
    return client


@pytest.fixture
def api(night):
    return client_of(member(night, "scientist", "ann"))


@pytest.fixture
def numbers(api, rows):
    """The places among `rows` of the subjects that a scientist is answered, in order."""
    keys = [row.pk for row in rows]

    def ask(**filters):
        reply = api.get(SUBJECTS, {"ordering": "id", **filters})
        assert reply.status_code == 200, reply.json()
        return [keys.index(row["id"]) for row in reply.json()["results"]]

    return ask


def test_scientists_filter_by_magnitude_score_posterior_and_known_object(numbers, rows):
    assert numbers(max_mag=19) == [0, 1, 4]
    assert numbers(min_mag=17.5, max_mag=18.5) == [0]
    assert numbers(min_mean_mag=19, max_mean_mag=20) == [1, 2, 4]
    assert numbers(min_mag=18.5, max_mag=21.5) == [1, 2, 3], "one frame is within, not two on either side"
    assert numbers(min_p_real=0.8) == [1]
    assert numbers(min_p_real=0.4, max_p_real=0.6) == [], "a model that is no champion does not count"
    assert numbers(min_posterior=0.9) == [2]
    assert numbers(min_posterior=0.3, max_posterior=0.7) == [], "of one workflow, not of two on either side"
    assert numbers(known="near") == [0, 3]
    assert numbers(known="none") == [1]
    assert numbers(known="open") == [2, 4]
    assert numbers(designation="3200") == [0]
    assert numbers(designation="320001") == [3]
    assert numbers(known="near", max_mag=19, ordering="-id") == [0]


def test_scientists_filter_by_class_and_tag_exactly(numbers, rows, night):
    sky.make_gold(rows[:2], [True, False])
    change_case(subject=rows[3], by=member(night, "scientist", "sam"), action="tag", text="lens")
    assert numbers(gold_label="yes") == [0]
    assert numbers(tag="#Lens") == [3]
    assert numbers(tag="len") == []


def test_an_object_is_found_by_its_name_and_by_those_from_before_links(numbers, rows):
    Subject.objects.filter(pk__in=[rows[0].pk, rows[1].pk]).update(own_group=F("object_group"), object_group="joined")
    assert numbers(object_group="joined") == [0, 1]
    assert numbers(object_group=rows[1].object_group) == [1]
    assert numbers(object_group=rows[2].object_group) == [2]


@pytest.mark.parametrize("name", FOR_SCIENTISTS)
def test_volunteers_and_strangers_get_no_filter_that_tells(rows, night, name):
    vera = User.objects.create(username="vera")
    assert client_of(vera).get(SUBJECTS, {name: FOR_SCIENTISTS[name]}).status_code == 403
    assert APIClient().get(SUBJECTS, {name: FOR_SCIENTISTS[name]}).status_code == 403
    other = member(sky.survey("other"), "scientist", "olaf")
    assert client_of(other).get(SUBJECTS, {name: FOR_SCIENTISTS[name]}).json()["results"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"min_mag": "bright"},
        {"max_p_real": "nan"},
        {"min_posterior": "90"},
        {"max_p_real": "-0.1"},
        {"known": "maybe"},
        {"kind": "trail"},
    ],
)
def test_a_filter_without_meaning_is_refused_with_a_sentence(api, rows, asked):
    reply = api.get(SUBJECTS, asked)
    ((name, text),) = asked.items()
    assert reply.status_code == 400
    assert f"“{text}” is not valid here" in reply.json()[name][0]


def test_the_refusal_of_an_unknown_filter_names_both_ends_of_each_range(api, rows):
    reply = api.get(SUBJECTS, {"magnitude": 20})
    assert reply.status_code == 400
    assert all(name in reply.json()["magnitude"][0] for name in ("min_mag", "max_mag", "min_p_real", "max_posterior"))


def test_the_schema_lists_the_ends_of_each_range(api):
    schema = api.get("/api/schema/", {"format": "json"}).json()
    names = {each["name"] for each in schema["paths"][SUBJECTS]["get"]["parameters"]}
    assert FOR_SCIENTISTS.keys() <= names


def test_scientists_order_by_motion_and_brightness_over_pages(night, rows):
    for n, rate in enumerate((30, None, 10, 20, 10)):
        Subject.objects.filter(pk=rows[n].pk).update(rate=rate, fitted_rate=n and 2.0 * n)
    sky.subjects(sky.survey("elsewhere"), [True], rate=5, mag=5)
    api, numbers = client_of(member(night, "scientist", "ann")), {row.pk: n for n, row in enumerate(rows)}

    def listed(ordering):
        found, address = [], f"{SUBJECTS}?ordering={ordering}&page_size=2"
        while address:
            page = api.get(address).json()
            found += [numbers[row["id"]] for row in page["results"]]
            address = page["next"]
        return found

    assert listed("rate") == [4, 2, 3, 0], "the one without a rate is left out"
    assert listed("-rate") == [0, 3, 4, 2]
    assert listed("fitted_rate") == [0, 1, 2, 3, 4]
    assert listed("-fitted_rate&min_fitted_rate=1.9&max_fitted_rate=6") == [3, 2, 1]
    assert listed("mag") == [0, 1, 4, 2, 3]
    assert listed("-mag") == [3, 2, 4, 1, 0]
    assert "no ordering “colour”. Orderings: id, " in str(api.get(SUBJECTS, {"ordering": "colour"}).json())


@pytest.mark.parametrize("ordering", ["rate", "-rate", "fitted_rate", "-fitted_rate", "mag", "-mag"])
def test_volunteers_and_strangers_do_not_order_by_what_tells_the_answer(night, rows, ordering):
    vera = User.objects.create(username="vera")
    Membership.objects.create(user=vera, survey=night, role="volunteer")
    for api in (client_of(vera), APIClient()):
        reply = api.get(SUBJECTS, {"ordering": ordering})
        assert reply.status_code == 403
        assert "for the scientists of a survey" in reply.json()["detail"]
