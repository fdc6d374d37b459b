"""A survey at the places of two known asteroids, and their orbits."""

import csv

import pytest
from django.conf import settings
from django.core.management import call_command

from tests.integration.known_objects.matching import ORBITS, UTC
from tests.integration.learning import sky
from webapp.known_objects.models import OrbitCatalogue


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch, tasks_in_the_tests_transaction):
    monkeypatch.setattr(settings, "DATA", tmp_path)


@pytest.fixture
def places():
    """Return name, RA and Dec of 20 real asteroids from the Earth's centre at `UTC`."""
    rows = csv.DictReader((ORBITS / "places.csv").read_text().splitlines())
    return [(row["name"], float(row["ra"]), float(row["dec"])) for row in rows if row["days"] == "30"]


@pytest.fixture
def catalogue():
    call_command("load_orbits", str(ORBITS / "mpcorb.dat"))
    return OrbitCatalogue.objects.get()


@pytest.fixture
def survey(places):
    """Two stamps where two asteroids are, one where none is, and one without a position."""
    survey = sky.survey("night")
    rows = sky.subjects(survey, [True] * 4)
    spots = [(UTC, *places[0][1:]), (UTC, *places[1][1:]), (UTC, 10.0, -80.0), (None, None, None)]
    for row, (mjd, ra, dec) in zip(rows, spots, strict=True):
        row.mjd, row.ra, row.dec = mjd, ra, dec
        row.save()
    return survey
