"""The catalogue of candidates in four formats, and the pedigree of each."""

import csv
import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse, parse_single_table
from astropy.table import Table
from django.urls import reverse

from tests.integration.learning import sky
from tests.integration.people import account, browser, member
from tests.integration.world import make_volunteer, recount
from webapp.archive.models import Frame, Survey
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.exports import candidate_rows, catalogue
from webapp.exports.candidate_rows import COLUMNS
from webapp.known_objects.models import IdentityCheck, KnownMatch, OrbitCatalogue
from webapp.learning.models import Score
from webapp.review.cases import change_case
from webapp.review.opinions import ask_second_opinion
from webapp.review.rulings import rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey(monkeypatch):
    """Three candidates on pages of two: ruled with everything known, settled by volunteers, and one no mover."""
    monkeypatch.setattr(candidate_rows, "PAGE", 2)
    survey = sky.survey("night")
    workflow = sky.workflow(survey)
    rows = sky.subjects(survey, [True] * 4, mjd=60000.25, ra=359.5, dec=-30.0, rate=12.5)
    sky.queue(workflow, rows)
    rows[0].external_id = "=näher"
    rows[0].save()
    for n, mag in enumerate((19.0, 20.0, float("nan"))):
        Frame.objects.create(subject=rows[0], position=n, mag=mag, band="o", snr=5.0 + n)
    Classification.objects.create(
        id="00000000-0000-4000-8000-000000000001", volunteer=make_volunteer("vera"), workflow=workflow,
        subject=rows[0], answer="yes", is_counted=True,
    )  # fmt: skip
    recount(workflow)
    model = sky.checkpoint(workflow, is_champion=True)
    Score.objects.create(checkpoint=model, subject=rows[0], probabilities=[0.9], p_real=0.9, entropy=0.3)
    orbits = OrbitCatalogue.objects.create(checksum="0", orbits=1, epoch=60000.0)
    IdentityCheck.objects.create(subject=rows[0], catalogue=orbits, detections=3, candidates=1, orbit_days=0.25)
    near = {"detections": 3, "separation": 0.5, "along": 0.3, "across": 0.4, "rate": 12.0, "position_angle": 90.0}
    KnownMatch.objects.create(subject=rows[0], designation="433", **near)
    scientist = member(survey, "scientist", "sue")
    rule(subject=rows[0], workflow=workflow, scientist=scientist, verdict="no", note="not yet")
    rule(subject=rows[0], workflow=workflow, scientist=scientist, verdict="yes", note="look at frame 2")
    settled = {
        "workflow": workflow,
        "method": "majority",
        "is_retired": True,
        "retired_reason": "consensus",
        "votes_yes": 5,
    }
    for row, posterior in ((rows[1], 0.99), (rows[2], 0.01), (rows[3], 0.995)):
        Consensus.objects.update_or_create(subject=row, defaults={**settled, "posterior": posterior})
    return survey


def content(client, suffix):
    response = client.get(reverse("catalogue", args=["night", suffix]))
    assert response.status_code == 200
    return b"".join(response.streaming_content)


@pytest.fixture
def client(survey):
    return browser(survey.memberships.get().user)


def test_csv_has_what_is_known_and_escapes_formulas(client):
    rows = list(csv.DictReader(io.StringIO(content(client, "csv").decode())))
    assert [row["external_id"] for row in rows] == ["'=näher", "s1", "s3"]
    first = rows[0]
    assert (first["mag"], first["bands"], first["snr"], first["frames"]) == ("19.5", "o", "6.0", "3")
    assert float(first["mag_scatter"]) == pytest.approx(0.5**0.5, abs=5e-5)
    assert (first["verdict"], first["verdict_by"], first["model_score"], first["votes_yes"]) == (
        "yes",
        "sue",
        "0.9",
        "1",
    )
    assert (first["known_object"], first["known_separation"], first["report"]) == ("433", "0.5", "")
    assert (rows[1]["verdict"], rows[1]["label"], rows[1]["posterior"]) == ("", "", "0.99")


def test_parquet_votable_and_fits_say_the_same_with_units_and_ucds(client):
    arrow = pq.read_table(io.BytesIO(content(client, "parquet")))
    assert arrow.schema.field("rate").metadata == {
        b"unit": b"arcsec / h",
        b"ucd": b"pos.pm",
        b"meaning": b"rate of motion on the sky, as the survey gives it",
    }
    votable = parse_single_table(io.BytesIO(content(client, "vot")))
    assert {field.name: (str(field.unit or ""), field.ucd) for field in votable.fields} == {
        column.name: (column.unit, column.ucd) for column in COLUMNS
    }
    with fits.open(io.BytesIO(content(client, "fits"))) as file:
        header, table = file[1].header, Table.read(file[1])
    place = header["TTYPE*"]
    number = next(key[5:] for key, name in place.items() if name == "ra")
    assert (header[f"TUNIT{number}"], header[f"TUCD{number}"]) == ("deg", "pos.eq.ra;meta.main")
    theirs = votable.to_table()
    for column in COLUMNS:
        values = arrow[column.name].to_pylist()
        if column.kind is str:
            assert list(theirs[column.name].filled("")) == [value or "" for value in values]
            continue
        numbers = np.array([np.nan if value is None else value for value in values], float)
        for other in (theirs, table):
            masked = np.ma.filled(np.ma.asarray(other[column.name]).astype(float), np.nan)
            np.testing.assert_allclose(masked, numbers, err_msg=column.name)
    assert table["external_id"][0] == "=n?her"


def test_places_and_times_name_their_frame(client):
    document = parse(io.BytesIO(content(client, "vot")))
    [sky_frame], [time] = document.iter_coosys(), document.iter_timesys()
    assert (sky_frame.system, time.timescale, time.timeorigin) == ("ICRS", "UTC", "MJD-origin")
    fields = document.get_first_table().fields
    assert {field.name: field.ref for field in fields if field.ref} == {
        **dict.fromkeys(["mjd", "fitted_mjd"], time.ID),
        **dict.fromkeys(["ra", "dec", "fitted_ra", "fitted_dec"], sky_frame.ID),
    }
    with fits.open(io.BytesIO(content(client, "fits"))) as file:
        assert (file[1].header["TIMESYS"], file[1].header["RADESYS"]) == ("UTC", "ICRS")


def test_the_pedigree_names_votes_models_and_verdicts(client):
    first, *others = map(json.loads, content(client, "jsonl").decode().splitlines())
    assert [(vote["id"], vote["answer"], vote["counts"]) for vote in first["votes"]] == [
        ("00000000-0000-4000-8000-000000000001", "yes", True)
    ]
    assert "vera" not in json.dumps(first)
    assert [(score["p_real"], score["is_champion"], score["sha256"]) for score in first["scores"]] == [(0.9, True, "0")]
    said = [(each["verdict"], each["by"], each["withdrawn_at"] is None) for each in first["verdicts"]]
    assert said == [("no", "sue", False), ("yes", "sue", True)]
    assert [(row["verdicts"], row["events"]) for row in others] == [([], []), ([], [])]


def test_the_pedigree_has_notes_and_requests_for_second_opinions(client, survey):
    subject, scientist = survey.subjects.get(external_id="=näher"), survey.memberships.get().user
    change_case(subject=subject, by=scientist, action="note", text="Seen by ATLAS too.")
    ask_second_opinion(subject=subject, workflow=survey.workflows.first(), by=scientist)
    first = json.loads(content(client, "jsonl").decode().splitlines()[0])
    said = [(event["action"], event["text"], event["by"]) for event in first["events"]]
    assert said == [("note", "Seen by ATLAS too.", "sue"), ("ask for a second opinion", "", "sue")]


def test_a_survey_without_candidates_has_empty_files(client):
    Survey.objects.get().subjects.all().delete()
    assert content(client, "csv").decode().splitlines() == [",".join(column.name for column in COLUMNS)]
    assert content(client, "jsonl") == b""
    assert len(parse_single_table(io.BytesIO(content(client, "vot"))).array) == 0
    assert len(Table.read(io.BytesIO(content(client, "fits")), hdu=1)) == 0
    assert pq.read_table(io.BytesIO(content(client, "parquet"))).num_rows == 0


def test_too_many_for_memory_is_said(client, monkeypatch):
    monkeypatch.setattr(catalogue, "MOST_IN_MEMORY", 1)
    assert client.get(reverse("catalogue", args=["night", "fits"])).url == reverse("exchange", args=["night"])
    assert "hold at most 1 candidates" in client.get(reverse("exchange", args=["night"])).content.decode()
    assert client.get("/api/surveys/night/exports/candidates.vot").status_code == 409
    assert len(content(client, "csv").splitlines()) == 4


def test_only_scientists_get_it(survey, client):
    api = "/api/surveys/night/exports/candidates.csv"
    for user in (account("stranger"), member(survey, "volunteer"), member(survey, "moderator")):
        assert browser(user).get(reverse("catalogue", args=["night", "jsonl"])).status_code == 403
        assert browser(user).get(api).status_code == 403
    assert client.get(reverse("catalogue", args=["night", "exe"])).status_code == 404
    assert b"".join(client.get(api).streaming_content) == content(client, "csv")


def test_a_page_of_candidates_costs_few_queries(survey, django_assert_max_num_queries):
    with django_assert_max_num_queries(30):
        assert sum(map(len, candidate_rows.candidate_pages(survey))) == 3
