"""Nothing on pages or in the API before an answer reveals which subjects are synthetic."""

import re
from collections import defaultdict

import numpy as np
import pytest

from tasks.jobs import inject as run
from tests.integration.learning import sky
from tests.integration.people import browser, member
from tests.integration.world import client_of, make_volunteer, vote
from webapp.archive.models import Frame, Subject, SubjectSet
from webapp.consensus.models import Consensus
from webapp.queue.membership import enqueue_subjects
from webapp.review.rulings import rule
from webapp.synthetics.inject_movers import start_injection
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db
N = 10
OF_THE_ROW = {"checksum", "pixels", "png", "lease", "expires_at"}
"""What is drawn anew for every subject."""


@pytest.fixture
def workflow():
    """Open tracklets and bogus gold ones, with a mover survey's metadata, and 10 injected into the latter."""
    survey = sky.survey("night", pixel_scale=1.0, open_metadata=["seeing"])
    rows = sky.subjects(survey, [False] * 4 * N, kind="tracklet", frames=4, prefix="69725192001501")
    dice = np.random.default_rng(1)
    for row in dice.permutation(rows)[: 2 * N]:
        row.delete()  # an ingest leaves gaps between keys
    rows = list(Subject.objects.order_by("pk"))
    names = dice.permutation(10_000)[: 2 * N]
    for row, name in zip(rows, names, strict=True):
        row.external_id = f"69725192001501{name:04d}"
        row.rate = 24.0 if row.pk % 2 else None
        row.metadata = {
            "candid": row.external_id,
            "magpsf": dice.normal(19, 1),
            "seeing": round(dice.normal(2, 0.2), 2),
        }
        row.ra, row.dec, row.mjd = dice.uniform(10, 11), dice.uniform(5, 6), 60000.0
        row.save()
    Frame.objects.bulk_create(
        Frame(
            subject=row, position=n, mjd_mid=60000 + n / 100, exptime=30.0, band="r", ra=row.ra + n / 3600, dec=row.dec,
            mag=dice.normal(19, 1), snr=dice.lognormal(2, 0.3), mjd_keyword="jd",
        )
        for row in rows
        for n in range(4)
    )  # fmt: skip
    sky.make_gold(rows[:N], [False] * N)
    workflow = sky.workflow(survey, "tracklet", training_schedule=[[0, 0.5]])
    members = SubjectSet.objects.create(survey=survey, name="all")
    members.subjects.add(*rows)
    workflow.subject_sets.add(members)
    enqueue_subjects(workflow)
    job = start_injection(workflow=workflow, by=None, seed=3, number=N, label="yes")
    run(job.pk)
    assert Subject.objects.filter(is_synthetic=True).count() == N
    return workflow


@pytest.fixture
def cheat():
    return client_of(make_volunteer("cheat"))


def flat(value, path=""):
    """Yield (path, value) of every leaf."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key not in OF_THE_ROW:
                yield from flat(each, f"{path}.{key}")
    elif isinstance(value, list):
        yield f"{path}.length", len(value)
        for n, each in enumerate(value):
            yield from flat(each, f"{path}.{n}")
    else:
        yield path, value


def collected(cheat, workflow, subjects, items):
    """Return the values of each field that pages and API show of these subjects; None if a subject has none."""
    told = []
    for subject in subjects:
        of_one = cheat.get(f"/api/subjects/{subject.pk}/").json()
        listed = cheat.get("/api/subjects/", {"external_id": subject.external_id}).json()["results"]
        assert cheat.get("/api/consensus/", {"subject": subject.pk}).json()["results"] == []
        found = cheat.get("/surveys/night/", {"text": subject.external_id}).content.decode()
        page = cheat.get(f"/surveys/night/subjects/{subject.pk}/").content.decode()
        cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<(?:dd|td)[^>]*>(.*?)</", page)]
        about = {"one": of_one, "list": listed, "item": items.get(subject.pk, {}), "page": cells}
        told.append(dict(flat(about)) | {"thumbnails": found.count("<img"), "words": len(re.findall(r"<d[td]", page))})
    names = {name for each in told for name in each}
    return {name: [each.get(name) for each in told] for name in names}


def separates(real, drawn):
    """Return whether a threshold, a type, or missing values separate the two."""
    kinds = [{type(value).__name__ for value in values} for values in (real, drawn)]
    if not kinds[0] & kinds[1]:
        return True
    if all(isinstance(value, (int, float)) for value in real + drawn):
        return max(real) < min(drawn) or max(drawn) < min(real)
    shapes = [{re.sub(r"\d", "0", str(value)) for value in values} for values in (real, drawn)]
    return not shapes[0] & shapes[1]


def test_no_field_tells_the_drawn_from_the_real(workflow, cheat):
    lent = cheat.get("/api/workflows/night/next/", {"n": 50}).json()["items"]
    items = {item["subject"]["id"]: item for item in lent}
    real = Subject.objects.filter(is_synthetic=False, gold_label="")
    of_real = collected(cheat, workflow, real, items)
    of_drawn = collected(cheat, workflow, Subject.objects.filter(is_synthetic=True), items)
    assert set(of_real) == set(of_drawn)
    assert [name for name in of_real if separates(of_real[name], of_drawn[name])] == []
    assert {".one.metadata.seeing", ".one.ra", ".list.length", "thumbnails"} < set(of_real)
    of_frame = [f".one.frames.0.{name}" for name in ("mag", "snr", "rms_ra", "rms_dec", "rms_corr")]
    for name in (".one.rate", ".one.created_at", ".item.subject.rate", *of_frame):
        assert {*of_real[name], *of_drawn[name]} == {None}


def test_keys_tell_nothing(workflow):
    """They used to increase with time, so that all synthetic subjects came after all real ones."""
    real, drawn = (set(Subject.objects.filter(is_synthetic=is_so).values_list("pk", flat=True)) for is_so in (0, 1))
    assert min(real) < min(drawn)
    assert max(drawn) < max(real)


def test_no_two_subjects_share_a_place(workflow, cheat):
    places = defaultdict(list)
    for subject in Subject.objects.all():
        facts = cheat.get(f"/api/subjects/{subject.pk}/").json()
        places[facts["ra"], facts["dec"]].append(subject.pk)
    assert all(len(found) == 1 for found in places.values())


def test_a_verdict_and_what_others_said_are_told_after_the_answer(workflow, cheat):
    scientist = member(workflow.survey, "scientist")
    subject = Subject.objects.filter(is_synthetic=False, gold_label="").first()
    rule(workflow=workflow, subject=subject, scientist=scientist, verdict="yes", label="", note="")
    assert Consensus.objects.get(subject=subject).is_retired
    ask = {"subject": subject.pk}
    assert cheat.get("/api/consensus/", ask).json()["results"] == []
    assert len(browser(scientist).get("/api/consensus/", ask).json()["results"]) == 1
    vote(Volunteer.objects.get(user__username="cheat"), workflow, subject.pk)
    assert len(cheat.get("/api/consensus/", ask).json()["results"]) == 1
    facts = cheat.get(f"/api/subjects/{subject.pk}/").json()
    assert facts["metadata"]["candid"] == subject.external_id
    assert facts["created_at"]
    assert facts["rate"] == subject.rate
