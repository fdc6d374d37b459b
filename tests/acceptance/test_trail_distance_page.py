"""A scientist sees where a trail was measured, on the image, and hides it with all other lines."""

import re

import pytest
from playwright.sync_api import expect

from tests.integration import people
from tests.integration.figures.test_trail_distances import cutout, mark  # noqa: F401 (a fixture)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_measured_ridge_is_drawn_over_the_trail(live_server, open_page, cutout):  # noqa: F811
    subject, trail = cutout
    mark(subject, trail)
    scientist = people.member(subject.survey, "scientist")
    page = open_page(f"{live_server.url}/surveys/deep/subjects/{subject.pk}/motion/", user=scientist)
    ridge = page.locator(".annotation.measured .stroke")
    expect(ridge).to_have_attribute("d", re.compile(r"^M[\d.]+ [\d.]+(L[\d.]+ [\d.]+){9,}$"))
    legend = page.get_by_role("button", name="Marks and detections")
    expect(legend).to_contain_text("Measured ridge 1")
    legend.click()
    expect(ridge).to_have_count(0)
    expect(page.get_by_role("region", name="Distance from one trail")).to_contain_text("1.6")
