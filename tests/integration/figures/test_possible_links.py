"""A tracklet's page lists tracklets of other nights that its motion leads to, and no others."""

import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from tests.integration.figures.movers import tracklet
from webapp.figures import possible_links
from webapp.linking.models import LinkRun, Links, Proposal

pytestmark = pytest.mark.django_db

MJD = 61000.2


def later(survey, days, *, rate=30.0, angle=40.0, left=0.0, faster=0.0, **fields):
    """A tracklet on the great circle of one that began at RA 359.999, Dec 5, some days later, `left` ″ beside it."""
    start, place = SkyCoord(359.999, 5.0, unit="deg"), None
    place = start.directional_offset_by(angle * units.deg, rate * 24 * days * units.arcsec)
    onward = place.position_angle(start) + (180 if days > 0 else 0) * units.deg
    place = place.directional_offset_by(onward - 90 * units.deg, left * units.arcsec)
    at = {"ra": place.ra.deg, "dec": place.dec.deg, "mjd": MJD + days, "angle": onward.to_value("deg")}
    return tracklet(survey, rate=rate + faster, **at, **fields)


def others(scientist, row):
    answer = scientist.get(f"/surveys/night/subjects/{row.pk}/motion/")
    assert answer.status_code == 200
    return answer.context["others"], answer.content.decode()


def test_nights_before_and_after_that_the_motion_leads_to_are_listed_with_offset_and_error(night, scientist):
    row = tracklet(night, rate=30.0)
    before, after = later(night, -2, prefix="b"), later(night, 3, left=20.0, prefix="c")
    found, page = others(scientist, row)
    by_key = {each.subject: each for each in found}
    assert set(by_key) == {before, after}
    assert by_key[before].days == pytest.approx(-2, abs=1e-3)
    assert by_key[before].offset < 1
    assert by_key[after].offset == pytest.approx(20, abs=1)
    rate_error = scientist.get(f"/surveys/night/subjects/{row.pk}/motion/").context["fit"]["rate_error"]
    assert by_key[after].error == pytest.approx(72 * rate_error, rel=0.02), "an error of the rate grows for 72 hours"
    assert f"/surveys/night/subjects/{after.pk}/motion/" in page
    assert f'href="/api/subjects/{row.pk}/fits/" download' in page
    assert "20.0 ±" in page
    back, _ = others(scientist, after)
    assert row in [each.subject for each in back]


def test_what_moves_otherwise_lies_elsewhere_or_is_of_this_night_does_not_link(night, scientist):
    row = tracklet(night, rate=30.0)
    later(night, 2, faster=8.0, prefix="b")
    later(night, 2, left=2000.0, prefix="c")
    later(night, 0.1, prefix="d")
    later(night, 9, prefix="e")
    later(night, 2, prefix="f", gold_label="no")
    found, page = others(scientist, row)
    assert found == []
    assert "no tracklet within 7 days agrees with this motion" in page


def test_a_night_that_goes_on_past_noon_utc_is_one_without_an_observatory_too(night, scientist):
    night.observatory = ""
    night.save()
    row = tracklet(night, rate=30.0)
    for days in (0.2, 0.4, 0.6):
        later(night, days, prefix=f"b{days}-")
    assert others(scientist, row)[0] == []


def test_motion_across_ra_zero_and_near_the_pole_is_followed(night, scientist):
    row = tracklet(night, rate=60.0, ra=10.0, dec=89.9, angle=0.0)
    start = SkyCoord(10.0, 89.9, unit="deg")
    place = start.directional_offset_by(0 * units.deg, 60 * 24 * units.arcsec)
    onward = place.position_angle(start).deg + 180
    over = tracklet(night, rate=60.0, ra=place.ra.deg, dec=place.dec.deg, angle=onward, mjd=MJD + 1, prefix="b")
    found, _ = others(scientist, row)
    assert [each.subject for each in found] == [over]
    assert found[0].offset < 1


def test_a_link_says_whether_it_is_proposed_or_one_object_already(night, scientist):
    row = tracklet(night, rate=30.0)
    proposed, same = later(night, 1, prefix="b"), later(night, 2, prefix="c")
    same.object_group = row.object_group
    same.save()
    run = LinkRun.objects.create(survey=night, links=Links.TRACKLETS, first_mjd=MJD - 1, last_mjd=MJD + 9)
    at = {"mjd": MJD, "ra": 0, "dec": 5, "rate": 30, "position_angle": 40, "misfit": 0.1}
    proposal = Proposal.objects.create(run=run, decision="rejected", **at)
    proposal.members.add(row, proposed)
    found, page = others(scientist, row)
    assert {each.subject: each.proposal for each in found} == {proposed: proposal, same: None}
    assert "one object" in page
    assert "</a>: rejected" in page


def test_in_a_crowded_field_the_page_says_that_not_all_were_compared(night, scientist, monkeypatch):
    row = tracklet(night, rate=30.0)
    for place in range(3):
        later(night, 1, prefix=f"b{place}")
    assert "were compared" not in others(scientist, row)[1]
    monkeypatch.setattr(possible_links, "MOST", 2)
    found, _ = others(scientist, row)
    assert len(found) == 2
