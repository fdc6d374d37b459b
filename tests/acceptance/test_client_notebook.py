"""The client's notebook runs from its first cell to its last against a live site, as a scientist."""

import json
from pathlib import Path

import pytest
from django.conf import settings

from tests.acceptance.people import member
from tests.integration.learning import sky
from tests.integration.world import make_volunteer, vote
from wanderers_client import Refused, Wanderers
from webapp.accounts.tokens import make_token
from webapp.archive.models import Frame, Subject
from webapp.community.models import Collection, Favourite
from webapp.review.models import Ruling

pytestmark = pytest.mark.django_db(transaction=True)

CARDS = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": -5.0, "CDELT1": -1e-4, "CDELT2": 1e-4}


@pytest.fixture
def token():
    survey = sky.survey("night")
    workflow = sky.workflow(survey, undo_seconds=0)
    rows = sky.subjects(survey, [True] * 4)
    for place, row in enumerate(rows):
        Subject.objects.filter(pk=row.pk).update(ra=10 + place / 3600, dec=-5)
        Frame.objects.create(subject=row, position=0, mjd_mid=60000.5, wcs=CARDS)
    sky.queue(workflow, rows)
    for row in rows[:3]:
        vote(make_volunteer(f"v{row.pk}"), workflow, row)
    return make_token(member(survey, "scientist"))


def cells():
    notebook = json.loads((Path(settings.ROOT) / "client" / "tour.ipynb").read_text())
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_the_tour_runs_to_its_end(live_server, token, monkeypatch):
    monkeypatch.setenv("WANDERERS", live_server.url)
    monkeypatch.setenv("WANDERERS_TOKEN", token)
    seen = {}
    for cell in cells():
        exec(compile(cell, "tour.ipynb", "exec"), seen)
    assert list(seen["likely"]["votes_yes"]) == [1, 1, 1]
    assert list(seen["near"]["separation"].round(3)) == pytest.approx([0, 0.996, 1.992, 2.989], abs=0.002)
    assert seen["pixels"].shape == (1, 1, 21, 21)
    assert seen["corner"].dec.deg == pytest.approx(-5, abs=1e-3)
    assert Ruling.objects.filter(verdict="yes", withdrawn_at=None).count() == 2
    assert list(seen["tagged"]["id"]) == sorted(seen["some"], reverse=True)
    assert Collection.objects.get().items.count() == 2
    assert seen["statistics"]["total"] == 3
    assert sorted(seen["table"]["ruling"].dropna()) == ["yes", "yes"]
    with Wanderers(live_server.url, token) as site:
        with pytest.raises(Refused, match="There is no filter “colour” here"):
            site.subjects("night", colour="red")
        [item] = site.next("night")
        answer = site.classify(item, "no")
        assert answer["accepted"]
        site.favour(item["subject"]["id"])
        assert Favourite.objects.get().subject_id == item["subject"]["id"]
        [verdict] = site.table("rulings", workflow="night").to_dict("records")[:1]
        assert site.desk.withdraw("night", [verdict["subject"]]) == 1
        assert Ruling.objects.filter(withdrawn_at=None).count() == 1
        assert site.row("rulings", verdict["id"])["withdrawn_by"] == "scientist"
        assert len(site.groups.all()[["id", "name"]]) == 0
