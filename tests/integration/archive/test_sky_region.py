"""Cones and polygons find the same subjects as astropy's separations, across RA 0 and at the poles, by the index."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from django.db import connection

from ml.sky.moc import read_moc
from tests.integration.learning import sky
from webapp.archive.footprints import in_moc
from webapp.archive.models import Subject
from webapp.archive.sky_region import in_cone, in_polygon, read_cone, read_polygon

pytestmark = pytest.mark.django_db

MANY = """
    INSERT INTO archive_subject (survey_id, external_id, kind, checksum, object_group, zarr_array, zarr_index, ra, dec,
        metadata, gold_label, gold_source, created_at)
    SELECT %s, 's' || n, 'stamp', n, n, 'a', n, random() * 360, degrees(asin(2 * random() - 1)), '{}', '', '', now()
    FROM generate_series(1, 20000) AS n
"""


@pytest.fixture
def places():
    """Return a uniform sky of 20,000 subjects with some at the poles and at RA 0, as {key: position}."""
    survey = sky.survey("night")
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(MANY, [survey.pk])
        for key, (ra, dec) in enumerate([(0, 90), (0, -90), (0, 0), (360, 1), (359.999, 0.001)], 30_000):
            row = {"survey": survey, "zarr_index": key, "zarr_array": "a", "external_id": key, "kind": "stamp"}
            Subject.objects.create(**row, object_group=key, checksum=key, ra=ra, dec=dec)
        cursor.execute("ANALYZE archive_subject")
    keys, ra, dec = zip(*Subject.objects.values_list("pk", "ra", "dec"), strict=True)
    return np.array(keys), SkyCoord(np.array(ra), np.array(dec), unit="deg")


# Of order 29, by mocpy 0.21: all kinds of faces, the poles, the border of the polar caps, RA 0 from either side.
HEALPIX = [
    (10.684708, 41.26875, 190633513587146677),
    (359.999999, -0.5, 1224962383639491500),
    (45, 41.81, 72057594033979644),
    (45, 41.82, 216172786144251120),
    (200.1, -88.2, 2882508497048189581),
    (123.456, 89.9999, 576460752302974582),
    (0, 90, 288230376151711743),
    (77, -90, 2305843009213693952),
    (270.0, -66.5, 3218571973055654440),
    (89.9999999, 30, 1721876257531319637),
    (180, 0.0001, 1945555039024893948),
    (300.5, -41.9, 3343451776722127382),
    (225, -35, 3101871629363064883),
    (359.9999999999, 60, 999763372408700373),
]


def test_each_place_is_in_the_cell_that_others_compute():
    with connection.cursor() as cursor:
        for ra, dec, cell in HEALPIX:
            cursor.execute("SELECT healpix29(%s, %s)", [ra, dec])
            assert cursor.fetchone() == (cell,), (ra, dec)
        for place in (["NaN", 0], [0, "NaN"], ["Infinity", 0], [0, 90.1], [None, 1]):
            cursor.execute("SELECT healpix29(%s::float8, %s::float8)", place)
            assert cursor.fetchone() == (None,)


def test_a_moc_holds_the_subjects_of_its_cells(places):
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, healpix29(ra, dec) FROM archive_subject")
        cells = dict(cursor.fetchall())
    for text in ("3/100-120 5/7000", "0/3 2/0-10", "0/0-11", '{"10": [3000000, 3000001]}'):
        ranges = read_moc(text.encode())
        expected = {key for key, cell in cells.items() if ((ranges[:, 0] <= cell) & (cell < ranges[:, 1])).any()}
        assert set(Subject.objects.filter(in_moc(ranges)).values_list("pk", flat=True)) == expected, text
        assert len(expected) == len(cells) if text == "0/0-11" else len(expected) < len(cells)


def test_a_small_moc_is_looked_up_in_the_index(places):
    assert "subject_by_healpix" in Subject.objects.filter(in_moc(read_moc(b"6/20000-20010"))).explain()


CONES = [
    (10, 20, 3),
    (0, 0, 2),
    (359.9, 0.5, 5),
    (120, 89.5, 4),
    (200, -88, 1.5),
    (45, 89, 0.9),
    (30, 10, 120),
    (0, 90, 1),
]
POLYGONS = [
    [(10, 10), (40, 12), (35, 40), (12, 38)],
    [(350, -10), (10, -10), (10, 10), (350, 10)],
    [(0, 80), (120, 80), (240, 80)],
    [(0, -80), (240, -80), (120, -80)],
]


def test_a_cone_holds_what_is_within_its_radius(places):
    keys, positions = places
    for ra, dec, radius in CONES:
        separation = positions.separation(SkyCoord(ra, dec, unit="deg")).to(u.deg).value
        found = set(Subject.objects.filter(in_cone(ra, dec, radius)).values_list("pk", flat=True))
        assert found == set(keys[separation <= radius]), (ra, dec, radius)
        assert found


def test_a_polygon_holds_what_is_on_the_inner_side_of_every_edge(places):
    keys, positions = places
    xyz = positions.cartesian.xyz.value.T
    for corners in POLYGONS:
        vertices = SkyCoord(np.array(corners), unit="deg").cartesian.xyz.value.T
        normals = np.cross(vertices, np.roll(vertices, -1, axis=0))
        normals *= np.sign(normals @ vertices.mean(axis=0))[:, None]
        inside = (xyz @ normals.T >= 0).all(axis=1)
        found = set(Subject.objects.filter(in_polygon(corners)).values_list("pk", flat=True))
        assert found == set(keys[inside]), corners
        assert len(found) > 20


def test_a_cone_is_looked_up_in_the_index(places):
    statement = str(Subject.objects.filter(in_cone(359.9, 0.5, 0.5)).explain())
    assert "subject_on_sky" in statement
    assert "Seq Scan" not in statement


def test_places_are_read_as_the_motion_page_writes_them():
    assert read_cone("03:08:06.6 -00:57:04.8 0:30") == in_cone(47.0275, -0.9513333333333333, 0.5)
    corners = [(15.0, 0.0), (16.25, 0.0), (15.0, 1.5)]
    assert read_polygon("01:00:00 +00:00:00, 01:05 0, 15 01:30:00") == in_polygon(corners)


@pytest.mark.parametrize("text", ["10:60:00,20,1", "24:00:01,20,1", "10:00:00,+90:00:01,1", "1:2:3:4,5,1"])
def test_a_senseless_sexagesimal_cone_is_refused(text):
    with pytest.raises(ValueError, match=r"cone|Give numbers"):
        read_cone(text)


@pytest.mark.parametrize("text", ["10", "10,20", "nan,0,1", "10,91,1", "-1,0,1", "10,20,0", "10,20,x"])
def test_a_senseless_cone_is_refused(text):
    with pytest.raises(ValueError, match=r"cone|Give numbers"):
        read_cone(text)


@pytest.mark.parametrize("text", ["0,0,10,0", "0,0,10,0,5", "0,0,20,0,5,1,0,20", "0,0,10,0,20,0", "0,0,120,0,240,0"])
def test_a_senseless_polygon_is_refused(text):
    with pytest.raises(ValueError, match=r"polygon"):
        read_polygon(text)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-1e308"])
def test_a_place_that_is_none_hides_no_other(request, number):
    place = {"ra": float(number), "dec": 1.0}
    row = Subject.objects.create(survey=sky.survey("odd"), kind="stamp", zarr_index=0, zarr_array="a", **place)
    row.delete()  # the index keeps it
    keys, positions = request.getfixturevalue("places")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    near = positions.separation(SkyCoord(10, 20, unit="deg")).deg <= 3
    assert set(Subject.objects.filter(in_cone(10, 20, 3)).values_list("pk", flat=True)) == set(keys[near])
