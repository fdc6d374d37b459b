"""Shared statistics: of the site, a survey and oneself, as page, CSV and API; and the milestones."""

import pytest

from tests.integration import world
from webapp.archive.models import Survey
from webapp.community.statistics import milestones
from webapp.volunteers.models import Volunteer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_cached_figures")]


@pytest.mark.parametrize(
    ("total", "reached", "following"),
    [(0, None, 10), (10, 10, 50), (49, 10, 50), (50, 50, 100), (1_000_000, 1_000_000, 5_000_000)],
)
def test_milestones_are_one_and_five_times_powers_of_ten(total, reached, following):
    assert milestones(total) == {"reached": reached, "next_milestone": following}


def test_page_csv_and_api_agree(workflow, ada, ben, browser_of):
    for row in world.subjects_of(workflow)[:3]:
        world.vote(ada, workflow, row)
    world.vote(ben, workflow, world.subjects_of(workflow)[0])
    Survey.objects.create(slug="empty", name="Empty")
    expected = {
        "/statistics": ("", 4),
        "/surveys/atlas/statistics": ("survey=atlas", 4),
        "/surveys/empty/statistics": ("survey=empty", 0),
        "/you/statistics": ("mine=true", 3),
    }
    client = browser_of(ada)
    for address, (asked, total) in expected.items():
        assert client.get(f"{address}/?by=day").context["total"] == total
        table = b"".join(client.get(f"{address}.csv?by=day").streaming_content).decode().splitlines()
        assert (len(table), table[-1].rpartition(",")[2]) == (31, str(total))
        found = client.get(f"/api/statistics/?by=day&{asked}").json()
        assert (found["total"], found["counts"][-1]["classifications"], len(found["counts"])) == (total, total, 30)


def test_simulated_volunteers_are_told_apart_and_reach_no_milestone(workflow, ada, browser_of):
    robot = Volunteer.objects.create(is_simulated=True)
    for row in world.subjects_of(workflow):
        world.vote(ada, workflow, row)
        world.vote(robot, workflow, row)
    for address in ("/statistics/", "/surveys/atlas/statistics/"):
        page = browser_of(ada).get(address)
        assert (page.context["total"], page.context["simulated"], page.context["reached"]) == (12, 6, None)
        assert "of them from simulated volunteers" in page.content.decode()
    found = browser_of(ada).get("/api/statistics/").json()
    assert (found["total"], found["simulated"], found["milestone"]) == (12, 6, None)
    assert "simulated" not in browser_of(ada).get("/you/statistics/").content.decode()


def test_the_page_names_milestones_before_their_numbers(workflow, ada, client, monkeypatch):
    world.vote(ada, workflow, world.subjects_of(workflow)[0])
    assert "<p>Next milestone: 10.</p>" in client.get("/statistics/").content.decode()
    monkeypatch.setattr("webapp.community.statistics._milestones", lambda: iter((1, 5000)))
    assert "<p>Last milestone: 1. Next milestone: 5,000.</p>" in client.get("/statistics/").content.decode()


@pytest.mark.parametrize("address", ["/statistics/", "/you/statistics/"])
def test_a_page_without_classifications_draws_nothing(client, workflow, address):
    assert "Nothing yet." in client.get(address).content.decode()
    assert "statistics.js" not in client.get(address).content.decode()


@pytest.mark.parametrize("asked", ["by=year", "group=x", "group=0", "survey=none", "group=999999"])
def test_what_is_not_there_is_refused(client, asked):
    assert client.get(f"/api/statistics/?{asked}").status_code in (400, 404)
