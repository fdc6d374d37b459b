"""Reports of a space telescope say where it was at each detection, as its manifest does."""

import pytest

from ml.sky.ades import read_psv, read_xml
from ml.sky.obs80 import read_obs80
from tests.integration.reports.reporting import contents, draft, sign
from webapp.archive.models import Subject, Survey

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_orbit(survey):
    """The survey as Hubble's, each tracklet with the telescope's places in km; the first tracklet's are hidden ones."""
    Survey.objects.update(observatory="250")
    for at, row in enumerate(Subject.objects.order_by("pk")):
        mark = "#" if at == 0 else ""
        for n in range(1, 5):
            row.metadata |= {f"{mark}obs_x{n}": str(-6900.5 + n), f"{mark}obs_y{n}": "120.25", f"{mark}obs_z{n}": n}
        row.save()
    return survey


def test_each_position_has_its_place_in_all_formats(in_orbit):
    report = sign(draft(in_orbit))
    [block] = read_psv(report.psv)
    assert read_xml(report.xml.encode()) == [block]
    of_place = ("stn", "sys", "ctr", "pos1", "pos2", "pos3")
    told = [[record[name] for name in of_place] for record in block.observations[:4]]
    assert told == [["250", "ICRF_KM", "399", f"{-6900.5 + n:.4f}", "120.2500", f"{n:.4f}"] for n in range(1, 5)]
    found, bad = read_obs80("\n".join(line for line in report.obs80.splitlines() if len(line) == 80))
    assert (len(found), bad) == (16, [])
    assert [each.observer for each in found[:4]] == [(-6900.5 + n, 120.25, n) for n in range(1, 5)]


def test_only_positions_without_a_place_keep_a_report_from_being_signed(in_orbit):
    row = Subject.objects.order_by("pk").last()
    del row.metadata["obs_y2"]
    row.save()
    [problem] = [each for each in contents(draft(in_orbit)).problems if each.blocks]
    assert "nothing says where it was" in str(problem.message)
    assert problem.row == 13  # the second of the fourth tracklet


def test_a_place_counts_for_nothing_at_an_observatory_on_the_ground(in_orbit):
    Survey.objects.update(observatory="T05")
    [block] = read_psv(sign(draft(in_orbit)).psv)
    assert not any("sys" in record or "pos1" in record for record in block.observations)
