"""Places on the sky, in degrees and in hours, and the links of the motion page to services that know more of them."""

import pytest
from astropy.time import Time

from tests.integration.figures.movers import tracklet
from webapp.figures.sky_links import links, sexagesimal
from webapp.known_objects.models import KnownMatch

pytestmark = pytest.mark.django_db


def page(scientist, row):
    return scientist.get(f"/surveys/night/subjects/{row.pk}/motion/")


def test_no_place_is_at_360_degrees(night, scientist):
    row = tracklet(night, n=3, rate=7.2, angle=90.0, ra=359.9995, dec=0.0)
    for frame, ra in zip(row.frames.order_by("position"), (359.9995, 359.9999999, 0.0004999), strict=True):
        frame.ra = ra
        frame.save()
    answer = page(scientist, row)
    shown = answer.content.decode()
    assert "0.000000° 0.000000°" in shown
    assert "360.000000" not in shown
    assert dict(answer.context["links"])["SIMBAD"].count("Coord=0.000000+") == 1


def test_places_are_told_in_both_ways_and_links_have_them():
    assert sexagesimal(10.684708, -0.5) == ("00:42:44.33", "-00:30:00.0")
    assert sexagesimal(359.999999, 41.26875) == ("00:00:00.00", "+41:16:07.5")
    found = dict(links(10.684708, -41.26875, 61000.25, "T08"))
    assert "Coord=10.684708+-41.268750" in found["SIMBAD"]
    assert "year=2025&month=11&day=21.250" in found["MPChecker"]
    assert "-ep=2461000.750000&-ra=10.684708&-dec=-41.268750&-rd=0.0833&-loc=T08&-mime=html" in found["SkyBoT"]
    assert [name for name, address in found.items() if "api.jpl" in address] == [], "a page that people can read"
    assert [name for name, _ in links(0, 0, None, "")] == ["SIMBAD", "Aladin"]
    assert KnownMatch(designation="2010 AB1").links[1][1].endswith("object_id=2010%20AB1")


def test_the_end_of_a_month_has_no_32nd_day():
    assert "year=2024&month=01&day=1.000" in dict(links(10.0, 0.0, 60309.9998, "T08"))["MPChecker"]


def test_services_are_asked_for_the_time_at_which_the_mover_is_at_the_place(night, scientist):
    row = tracklet(night)
    first = row.frames.first()
    row.frames.update(rms_ra=1.0, rms_dec=1.0)
    row.frames.filter(pk=first.pk).update(rms_ra=0.01, rms_dec=0.01)
    asked = dict(page(scientist, row).context["links"])["SkyBoT"]
    assert f"-ep={Time(first.mjd_mid, format='mjd').jd:.3f}" in asked
