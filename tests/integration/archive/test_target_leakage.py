"""No answer key: columns that tell the classes apart are measured on gold and hidden until answered. A cheat tries."""

import csv
import io
import uuid
import zipfile

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from tests.acceptance.people import member
from tests.integration.learning import sky
from webapp.archive.models import Frame, Subject, SubjectSet
from webapp.archive.target_leakage import measure_leakage, separation
from webapp.classifications.models import Classification
from webapp.community.collections import collect, open_collection
from webapp.community.favourites import favour
from webapp.consensus.models import Consensus
from webapp.queue.membership import enqueue_subjects
from webapp.volunteers.identity import account_volunteer

pytestmark = pytest.mark.django_db

OPENED = ["rate", "seeing", "colour", "flag", "airmass"]


@pytest.fixture
def workflow(db):
    """A survey whose gold is given away by a rate that only movers have, a shifted number, a word and a name."""
    rng = np.random.default_rng(3)
    survey = sky.survey("night", channels=["difference"], open_metadata=OPENED)
    real = np.arange(80) % 2 == 0
    rows = sky.subjects(survey, real, kind="stamp")
    sky.make_gold(rows[:60], real[:60])
    for row, is_real in zip(rows, real, strict=True):
        row.external_id = f"{'found' if is_real else 'field'}-{row.pk}"
        row.rate = 30.0 if is_real else None
        row.metadata = {
            "seeing": float(rng.normal(2 + is_real)),
            "colour": "red" if is_real == (rng.random() < 0.9) else "blue",
            "flag": float(rng.normal()) if is_real or rng.random() < 0.3 else None,
            "airmass": float(rng.uniform(1, 2)),
        }
        row.save()
        Frame.objects.update_or_create(
            subject=row, position=0, defaults={"mjd_mid": 60000.0, "band": "o", "ra": 10.0, "dec": 2.0}
        )
    measure_leakage(survey)
    workflow = sky.workflow(survey, "stamp", random_fraction=0.0, training_schedule=[[0, 0.5]], undo_seconds=0)
    members = SubjectSet.objects.create(survey=survey, name="all")
    members.subjects.add(*rows)
    workflow.subject_sets.add(members)
    enqueue_subjects(workflow)
    return workflow


def flat(value, name=""):
    """Yield each leaf of a response by its path."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flat(each, f"{name}.{key}")
    elif isinstance(value, list):
        yield f"{name}#", len(value)
        for each in value[:1]:
            yield from flat(each, f"{name}.0")
    else:
        yield name, value


def tells(facts):
    """Play the cheat: return the fields of many responses that separate movers from others, and how well."""
    truth = dict(Subject.objects.values_list("pk", "gold_label"))
    labelled = [(dict(flat(each)), truth[each["id"]]) for each in facts if truth[each["id"]]]
    positive = set(Subject.objects.first().survey.positive) | {"yes"}
    is_yes = np.array([label in positive for _fields, label in labelled])
    names = {name for fields, _label in labelled for name in fields} - {".pixels", ".png", ".checksum", ".id"}
    columns = {name: [fields.get(name) for fields, _label in labelled] for name in names}
    columns = {name: [v.rstrip("0123456789") if isinstance(v, str) else v for v in c] for name, c in columns.items()}
    return {name: auc for name, column in columns.items() if (auc := separation(column, is_yes)) > 0.6}


def test_leaky_columns_are_measured_and_harmless_ones_are_not(workflow):
    assert set(workflow.survey.leaky_columns) == {"rate", "seeing", "colour", "flag", "external_id"}
    assert workflow.survey.leaky_columns["rate"] == 1.0
    assert not workflow.survey.opens("rate")
    assert workflow.survey.opens("airmass")


def test_few_gold_subjects_hide_nothing_by_chance(workflow):
    Subject.objects.exclude(pk__in=Subject.objects.values("pk")[:4]).update(gold_label="")
    assert measure_leakage(workflow.survey) == {}


def test_the_cheat_learns_nothing_from_the_api(workflow, client, django_user_model):
    client.force_login(django_user_model.objects.create_user("cheat"))
    items = client.get(f"/api/workflows/{workflow.slug}/next/?n=50").json()["items"]
    subjects = [item["subject"] for item in items]
    assert len(subjects) >= 10
    assert all("airmass" in subject["metadata"] and "seeing" not in subject["metadata"] for subject in subjects)
    listed = client.get("/api/subjects/?survey=night").json()["results"]
    assert len(listed) == 50
    details = [client.get(f"/api/subjects/{each['id']}/").json() for each in listed]
    assert tells(listed) == {}
    assert tells(details) == {}
    sizes = [{"id": each["id"], "bytes": len(client.get(each["pixels"]).content)} for each in listed]
    assert tells(sizes) == {}


def test_a_place_that_tells_is_in_no_answer_not_even_as_the_pictures_place_on_the_sky(workflow, client):
    workflow.survey.leaky_columns = {"ra": 0.9}
    workflow.survey.save()
    place = {"CRVAL1": 123.456, "CRVAL2": 2.0, "CRPIX1": 4.0, "CRPIX2": 4.0, "CDELT1": -1e-4, "CDELT2": 1e-4}
    Frame.objects.update(wcs={"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", **place})
    items = client.get(f"/api/workflows/{workflow.slug}/next/?n=1")
    row = items.json()["items"][0]["subject"]
    pages = [client.get(f"/api/subjects/{row['id']}/"), client.get(reverse("subject", args=["night", row["id"]]))]
    assert [page.status_code for page in pages] == [200, 200]
    assert not any("123.456" in page.content.decode() for page in (items, *pages))
    assert row["sky"] == [None] * row["frames"]
    scientist = client_of_scientist(workflow)
    assert "123.456" in scientist.get(f"/api/subjects/{row['id']}/").content.decode()


def test_the_cheat_would_win_if_nothing_were_measured(workflow, client, django_user_model):
    workflow.survey.leaky_columns = {}
    workflow.survey.save()
    client.force_login(django_user_model.objects.create_user("cheat"))
    listed = client.get("/api/subjects/?survey=night").json()["results"]
    assert {".rate", ".external_id", ".metadata.seeing"} <= set(tells(listed))


def test_the_page_of_a_subject_keeps_the_secret_until_it_is_answered(workflow, client, django_user_model):
    user = django_user_model.objects.create_user("reader")
    client.force_login(user)
    row = Subject.objects.filter(gold_label="").exclude(rate=None).first()
    page = reverse("subject", args=["night", row.pk])
    assert row.external_id not in client.get(page).content.decode()
    Classification.objects.create(
        id=uuid.uuid4(), volunteer=account_volunteer(user), workflow=workflow, subject=row, answer="yes", reason="new"
    )
    told = client.get(page).content.decode()
    assert row.external_id in told
    assert "30.00" in told


def test_lists_and_searches_name_only_what_the_reader_has_answered(workflow, client, django_user_model):
    user = django_user_model.objects.create_user("reader")
    client.force_login(user)
    volunteer = account_volunteer(user)
    mine, other = Subject.objects.filter(external_id__startswith="found").order_by("pk")[:2]
    for row in (mine, other):
        favour(volunteer, row)
    Classification.objects.create(
        id=uuid.uuid4(), volunteer=volunteer, workflow=workflow, subject=mine, answer="yes", reason="new"
    )
    for page in ("/surveys/night/", "/surveys/night/?text=FOUND", "/you/favourites/"):
        shown = client.get(page).content.decode()
        assert mine.external_id in shown, page
        assert other.external_id not in shown, page
    hearts = client.post(f"/you/favourites/{other.pk}/", {"favourite": "yes"}, headers={"HX-Request": "true"})
    assert other.external_id not in hearts.content.decode()
    for query in (f"external_id={mine.external_id}", "ordering=external_id"):
        assert [row["id"] for row in client.get(f"/api/subjects/?{query}").json()["results"]] == [mine.pk]
    assert client.get(f"/api/subjects/?external_id={other.external_id}").json()["results"] == []
    assert len(client.get("/api/subjects/?ordering=-id").json()["results"]) == 50
    scientist = client_of_scientist(workflow)
    assert other.external_id in scientist.get("/surveys/night/?text=found").content.decode()


def test_a_settled_subject_is_named_in_the_consensus_to_whoever_has_answered_it(workflow, client, django_user_model):
    user = django_user_model.objects.create_user("reader")
    client.force_login(user)
    row = Subject.objects.filter(gold_label="").first()
    workflow.queue.filter(subject=row).update(is_retired=True)
    Consensus.objects.create(workflow=workflow, subject=row, posterior=0.9, is_retired=True)
    [settled] = client.get("/api/consensus/?workflow=" + workflow.slug).json()["results"]
    assert (settled["subject"], settled["external_id"]) == (row.pk, str(row.pk))
    assert client.get(f"/api/consensus/{settled['id']}/").json()["external_id"] == str(row.pk)
    [known] = client_of_scientist(workflow).get(f"/api/consensus/?subject={row.pk}").json()["results"]
    assert known["external_id"] == row.external_id
    Classification.objects.create(
        id=uuid.uuid4(), volunteer=account_volunteer(user), workflow=workflow, subject=row, answer="yes", reason="new"
    )
    assert client.get(f"/api/consensus/{settled['id']}/").json()["external_id"] == row.external_id


def test_a_download_of_own_data_names_only_what_the_reader_has_answered(workflow, client, django_user_model):
    """Anybody could give all subjects a heart, or collect them, and read the names in the download."""
    user = django_user_model.objects.create_user("cheat")
    client.force_login(user)
    volunteer = account_volunteer(user)
    mine, other = Subject.objects.filter(external_id__startswith="found").order_by("pk")[:2]
    collection = open_collection(owner=volunteer, name="all")
    collect(collection, [mine.pk, other.pk])
    for row in (mine, other):
        favour(volunteer, row)
    Classification.objects.create(
        id=uuid.uuid4(), volunteer=volunteer, workflow=workflow, subject=mine, answer="yes", reason="new"
    )
    sent = b"".join(client.post("/you/data/export/").streaming_content)
    with zipfile.ZipFile(io.BytesIO(sent)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not [name for name, text in files.items() if other.external_id in text]
    for name in ("favourites.csv", "collections.json", "classifications.csv"):
        assert mine.external_id in files[name], name
    [row] = [row for row in csv.DictReader(files["favourites.csv"].splitlines()) if row["subject_id"] == str(other.pk)]
    assert (row["subject_survey_slug"], row["subject_external_id"]) == ("night", str(other.pk))


def client_of_scientist(workflow):
    client = Client()
    client.force_login(member(workflow.survey, "scientist"))
    return client


def test_admins_read_what_is_hidden_and_why(workflow, client):
    client.force_login(member(workflow.survey, "admin"))
    page = client.get(reverse("survey-settings", args=["night"])).content.decode()
    assert "<code>seeing</code>" in page
