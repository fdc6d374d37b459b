"""Archive search costs the same in a large archive as in a small one, and is rate-limited by address."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.integration.learning import sky
from webapp.archive.models import Footprint, Kind, Membership, Subject
from webapp.archive.subject_search import search
from webapp.archive.subject_total import Total
from webapp.core.bounded_count import MOST_COUNTED
from webapp.core.page_rates import SearchRate
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue
from webapp.learning.models import Score
from webapp.review.cases import change_case
from webapp.review.overview import came_in

pytestmark = pytest.mark.django_db

PAGE = "/surveys/night/"
MANY = """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, metadata,
        gold_label, gold_source, created_at)
    SELECT %s, 'ZTF' || (n * 7919 %% 100003), 'stamp', n, 'group' || n, 'a', n, '{}', '', '', now()
    FROM generate_series(1, 12000) AS n
"""


@pytest.fixture
def survey():
    cache.clear()
    return sky.survey("night")


@pytest.fixture
def many(survey):
    with connection.cursor() as cursor:
        cursor.execute(MANY, [survey.pk])
        cursor.execute("ANALYZE archive_subject")


def how(client, **looked_for):
    """The query plan of the subjects' page."""
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(PAGE, looked_for).status_code == 200
    (statement,) = [each["sql"] for each in asked if 'FROM "archive_subject"' in (each["sql"] or "")]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + statement)
        return "\n".join(row[0] for row in cursor)


def test_a_strangers_search_reads_an_index_and_not_the_archive(many, client):
    for text in ("ZTF999", "ztf1234", "nothing", "%_", "x" * 100):
        assert "subject_by_name" in how(client, text=text), text


def test_new_subjects_are_counted_from_the_newest_on(many, survey):
    with CaptureQueriesContext(connection) as asked:
        assert came_in(survey, timezone.now() - timedelta(hours=1))["subjects"] == MOST_COUNTED + 1
    statements = [each["sql"] for each in asked if 'FROM "archive_subject"' in each["sql"]]
    assert len(statements) == len(Kind)
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + statement)
            plan = "\n".join(row[0] for row in cursor)
        assert "Seq Scan" not in plan, plan


def test_a_beginning_that_many_names_share_is_paged_through_in_the_order_of_names(many, client):
    plan = how(client, text="ztf9")
    assert "subject_by_name" in plan
    assert plan.count("Sort  (") == plan.count("Incremental Sort  ("), "a page of many names costs as a page of few"
    names, address = [], f"{PAGE}?text=ztf12"
    while address:
        page = client.get(address)
        names += [row.external_id for row in page.context["subjects"]]
        address = f"{PAGE}?{page.context['next']}" if page.context["next"] else ""
    archive = (f"ZTF{n * 7919 % 100003}" for n in range(1, 12001))
    assert names == sorted(name for name in archive if name.startswith("ZTF12"))
    assert len(names) > 100


def test_a_kind_that_is_not_there_is_looked_up(many, client):
    for looked_for in ({"kind": "cube"}, {"kind": "cube", "text": "ZTF9"}):
        assert "Seq Scan" not in how(client, **looked_for), looked_for
    assert "archive_subject_pkey" not in how(client, **looked_for)


def test_strangers_find_the_beginning_of_a_name_and_scientists_any_part(survey, client, django_user_model):
    sky.subjects(survey, [True], prefix="comet-")
    assert "comet-0" in client.get(PAGE, {"text": "COMET"}).content.decode()
    assert "comet-0" not in client.get(PAGE, {"text": "met"}).content.decode()
    ann = django_user_model.objects.create(username="ann")
    Membership.objects.create(user=ann, survey=survey, role="scientist")
    client.force_login(ann)
    assert "comet-0" in client.get(PAGE, {"text": "met"}).content.decode()


@pytest.mark.parametrize(
    "text", ["met", "MET-1", "-", "7", "p/2", "ömé", "%", "_", "a\\", "50%", "objekt ß", "objektß", "comet-1p/2"]
)
def test_a_part_of_a_name_or_object_is_found_as_without_an_index(survey, text):
    names = (("Comet-1P/2", "a\\b"), ("50%_x", ""), ("7", "Objekt ß"), ("ÖMÉGA-7", "met"))
    for row, (name, group) in zip(sky.subjects(survey, [True] * 4), names, strict=True):
        Subject.objects.filter(pk=row.pk).update(external_id=name, object_group=group)
    found = set(search([survey], {"text": text, "match": "part"}).values_list("external_id", flat=True))
    like = Q(external_id__icontains=text) | Q(object_group__icontains=text)
    assert found == set(Subject.objects.filter(like).values_list("external_id", flat=True))


def test_parts_of_names_are_looked_up_in_an_index(survey):
    with connection.cursor() as cursor:
        cursor.execute(MANY, [survey.pk])
        cursor.execute("ANALYZE archive_subject")
    rows = search([survey], {"text": "oup1099", "match": "part"})
    assert "subject_name_trigrams" in rows.explain()
    assert len(rows) == 11


def test_many_searches_from_one_address_are_asked_to_wait_and_pages_are_not(survey, client, monkeypatch):
    monkeypatch.setattr(SearchRate, "rate", "5/day")
    codes = [client.get(PAGE, {"text": "a"}).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    refused = client.get(PAGE, {"kind": "stamp"})
    assert "Try again in" in refused.content.decode()
    assert int(refused["Retry-After"]) > 0
    assert client.get(PAGE).status_code == 200
    assert client.get(PAGE, {"text": "a"}, REMOTE_ADDR="198.51.100.7").status_code == 200


@pytest.fixture
def ann(survey, client, django_user_model):
    """A scientist, signed in."""
    user = django_user_model.objects.create(username="ann")
    Membership.objects.create(user=user, survey=survey, role="scientist")
    client.force_login(user)
    return user


def found(client, **asked):
    return [row.external_id for row in client.get(PAGE, asked).context["subjects"]]


def test_scientists_search_by_everything_that_is_known(survey, ann, client):
    workflow = sky.workflow(survey)
    rows = sky.subjects(survey, [True] * 4, prefix="3200")
    for n, row in enumerate(rows):
        row.ra, row.dec, row.mjd, row.rate = 10.0 + n, 0.0, 60000.0 + n, 10.0 * n
        row.fitted_rate = 100.0 - row.rate
        row.gold_label = "AST" if n == 1 else ""
        row.frames.create(position=0, mag=18 + n)
    Subject.objects.bulk_update(rows, ["ra", "dec", "mjd", "rate", "fitted_rate", "gold_label"])
    model = sky.checkpoint(workflow, is_champion=True)
    Score.objects.create(checkpoint=model, subject=rows[2], probabilities=[0.9], p_real=0.9, entropy=0.1)
    sky.votes(workflow, rows[3], 0.97)
    change_case(subject=rows[0], by=ann, action="tag", text="lens")
    names = [row.external_id for row in rows]
    catalogue = OrbitCatalogue.objects.create(checksum="0", orbits=1, epoch=61000.0)
    for row, candidates in ((rows[0], 1), (rows[1], 0)):
        IdentityCheck.objects.create(subject=row, catalogue=catalogue, detections=2, candidates=candidates)
    near = {"separation": 1, "along": 1, "across": 0, "rate": 1, "position_angle": 1}
    KnownMatch.objects.create(subject=rows[0], designation="2010 AB1", detections=2, **near)
    assert [found(client, known=which) for which in ("near", "none", "open")] == [names[:1], names[1:2], names[2:]]
    assert found(client, designation="2010 AB1") == names[:1]
    assert found(client, designation="2010 AB") == []
    assert found(client, text="3200", match="exact") == []
    assert found(client, text=names[1], match="exact") == [names[1]]
    assert found(client, cone="11, 0, 0.5") == [names[1]]
    assert found(client, polygon="9.5 -1 11.5 -1 11.5 1 9.5 1") == names[:2]
    assert found(client, mjd_min=60002) == names[2:]
    assert found(client, rate_min=5, rate_max=15) == [names[1]]
    assert found(client, fitted_rate_min=85, fitted_rate_max=95) == [names[1]]
    assert found(client, fitted_rate_min=1, rate_max=25, sort="fitted_rate") == names[2::-1]
    assert found(client, mag_max=18.5) == [names[0]]
    assert found(client, label="AST") == [names[1]]
    assert found(client, p_real_min=0.5) == [names[2]]
    assert found(client, posterior_min=0.9) == [names[3]]
    assert found(client, tag="Lens") == [names[0]]
    assert found(client, sort="-rate") == names[::-1]


def test_a_moc_is_a_filter_as_text_and_once_uploaded_by_its_name(survey, ann, client):
    names = found(client)
    assert found(client, moc="0/0-11") == names
    assert found(client, moc='{"29": [0]}') == []
    file = SimpleUploadedFile("my sky.moc", b"0/0-11")
    answer = client.post("/surveys/night/moc/", {"file": file})
    assert answer.url == f"{PAGE}?moc=my-sky.moc"
    again = SimpleUploadedFile("my sky.moc", b"0/0-11")
    answer = client.post("/surveys/night/moc/?view=table&tag=lens&moc=old&after=9", {"file": again})
    assert answer.url == f"{PAGE}?view=table&tag=lens&moc=my-sky.moc", "the filters and the view stay"
    assert found(client, moc="my-sky.moc") == names
    assert '<option value="my-sky.moc">' in client.get(PAGE).content.decode()
    client.post("/surveys/night/moc/", {"file": SimpleUploadedFile("my sky.moc", b"29/0")})
    assert found(client, moc="my-sky.moc") == []
    assert "No uploaded MOC is called" in client.get(PAGE, {"moc": "elsewhere"}).content.decode()
    assert "no HEALPix cell 12 of order 0" in client.get(PAGE, {"moc": "0/12"}).content.decode()


@pytest.mark.parametrize("content", [None, b"not a moc", b"29/" + b"1," * 2**19])
def test_an_upload_that_is_no_moc_is_refused(survey, ann, client, content):
    body = {} if content is None else {"file": SimpleUploadedFile("x", content)}
    answer = client.post("/surveys/night/moc/?view=table", body, follow=True)
    assert answer.redirect_chain[-1][0] == f"{PAGE}?view=table"
    assert "note error" in answer.content.decode()
    assert not Footprint.objects.exists()


def test_a_bad_region_is_explained_and_nothing_is_listed(survey, ann, client):
    sky.subjects(survey, [True])
    page = client.get(PAGE, {"cone": "10, 100, 1"}).content.decode()
    assert "A cone has 0" in page
    assert "nothing was searched" in page
    assert found(client, cone="10, 100, 1") == []
    page = client.get(PAGE, {"cone": "3h 12m, 100, 1"}).content.decode()
    assert "Give numbers, separated by commas, in degrees." in page
    assert "float" not in page


def test_scientists_page_forth_and_back_in_any_order(many, ann, client):
    for sort in ("", "-id", "name", "-name"):
        first = client.get(PAGE, {"sort": sort, "kind": "stamp"})
        second = client.get(f"{PAGE}?{first.context['next']}")
        assert first.context["total"] == Total(1000, is_more=True)
        names = [[row.external_id for row in page.context["subjects"]] for page in (first, second)]
        assert len({*names[0], *names[1]}) == 96, sort
        back = client.get(f"{PAGE}?{second.context['previous']}")
        assert [row.external_id for row in back.context["subjects"]] == names[0], sort


def test_a_moc_is_posted_to_the_api_as_text_or_file_and_paged_through(survey, ann, client):
    rows = sky.subjects(survey, [True] * 3)
    Subject.objects.filter(pk=rows[0].pk).update(ra=0.1, dec=5)
    Subject.objects.filter(pk=rows[1].pk).update(ra=0.1, dec=-85, rate=30)
    Subject.objects.filter(pk=rows[2].pk).update(ra=0.2, dec=5)
    north = "0/0-3 1/16-31"

    def post(moc, **query):
        return client.post(f"/api/subjects/within/?{urlencode({'survey': 'night', **query})}", {"moc": moc})

    def keys(reply):
        return [row["id"] for row in reply.json()["results"]]

    assert keys(post(north)) == keys(post(SimpleUploadedFile("a.moc", north.encode()))) == [rows[2].pk, rows[0].pk]
    assert keys(post("0/0-11", min_rate=20)) == [rows[1].pk]
    first = post(north, page_size=1, total="true").json()
    second = client.post(first["next"], {"moc": north})
    assert (first["total"], keys(second), second.json()["next"]) == (2, [rows[0].pk], None)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "required"),
        ({"moc": 7}, "Send the MOC as text"),
        ({"moc": "0/12"}, "no HEALPix cell 12 of order 0"),
        ({"moc": "29/" + "1," * 2**19}, "at most 1 MB"),
    ],
)
def test_a_bad_moc_is_refused_by_the_api_with_a_sentence(ann, client, body, sentence):
    reply = client.post("/api/subjects/within/", body, content_type="application/json")
    assert reply.status_code == 400
    assert sentence in reply.json()["moc"][0]


def test_strangers_post_no_moc_and_volunteers_find_by_it_no_place_that_tells(survey, client, django_user_model):
    sky.subjects(survey, [True])
    Subject.objects.update(ra=0.1, dec=5)
    assert client.post("/api/subjects/within/", {"moc": "0/0-11"}).status_code == 401
    client.force_login(django_user_model.objects.create(username="vera"))
    assert len(client.post("/api/subjects/within/", {"moc": "0/0-11"}).json()["results"]) == 1
    assert client.post("/api/subjects/within/?min_rate=1", {"moc": "0/0-11"}).status_code == 403
    survey.leaky_columns = {"ra": 0.9}
    survey.save()
    assert client.post("/api/subjects/within/", {"moc": "0/0-11"}).json()["results"] == []


def test_regions_filter_the_api_and_leaky_filters_are_for_scientists(survey, ann, client):
    rows = sky.subjects(survey, [True] * 2)
    Subject.objects.filter(pk=rows[0].pk).update(ra=0.1, dec=5, rate=30)
    get = client.get
    near = get("/api/subjects/", {"cone": "359.9,5,0.5"}).json()["results"]
    assert [row["id"] for row in near] == [rows[0].pk]
    assert get("/api/subjects/", {"moc": "0/0-11"}).json()["results"]
    assert get("/api/subjects/", {"moc": "29/0"}).json()["results"] == []
    assert "a MOC as ASCII" in str(get("/api/subjects/", {"moc": "99/1"}).json())
    assert "RA,Dec,radius" in str(get("/api/subjects/", {"cone": "1,2"}).json())
    assert [row["id"] for row in get("/api/subjects/", {"min_rate": 20}).json()["results"]] == [rows[0].pk]
    client.logout()
    assert get("/api/subjects/", {"min_rate": 20}).status_code == 403
    assert len(get("/api/subjects/", {"cone": "359.9,5,0.5"}).json()["results"]) == 1
