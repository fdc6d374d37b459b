"""The commands of docs/ten-minutes.md do what the page says; those that listen: tests/integration/streams."""

import re
import shlex

import pytest
from django.core.management import call_command

from tests.integration.archive.sky import write_cube
from tests.unit.io import packets
from webapp.archive.models import Frame, Subject, SubjectSet, Survey
from webapp.core.environment import ROOT

pytestmark = pytest.mark.django_db

THREE = ["difference", "science", "template"]


def section(title):
    """Return the code of a section of the page."""
    text = (ROOT / "docs/ten-minutes.md").read_text().split(f"## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def ingest(title, folder):
    """Run the section's commands on a folder."""
    for line in "".join(section(title)).splitlines():
        if " manage.py ingest " in line:
            words = shlex.split(line.split("manage.py ")[1])
            call_command(*[str(folder) if word in ("PACKETS", "FOLDER") else word for word in words])


@pytest.mark.parametrize(
    ("title", "packet", "channels", "scale"),
    [
        ("ZTF", packets.ztf, THREE, 1.01),
        ("ATLAS", packets.atlas, THREE[:2], 1.86),
        ("Rubin", packets.rubin, THREE, 0.2),
    ],
)
def test_packets_of_a_survey(tmp_path, title, packet, channels, scale):
    packets.write(tmp_path / "alerts.avro", packet())
    ingest(title, tmp_path)
    subject = SubjectSet.objects.get(survey__slug=title.lower(), name="tonight").subjects.get()
    assert subject.zarr_array.startswith(f"1x{len(channels)}x")
    assert Frame.objects.get(subject=subject).mjd_mid > 59_000
    assert (subject.survey.channels, subject.survey.pixel_scale) == (channels, scale)


def test_packets_leave_what_an_admin_has_set(tmp_path):
    Survey.objects.create(slug="ztf", name="ZTF", channels=["new", "old", "reference"], pixel_scale=1.0)
    packets.write(tmp_path / "alerts.avro", packets.ztf())
    ingest("ZTF", tmp_path)
    survey = Subject.objects.get().survey
    assert (survey.channels, survey.pixel_scale) == (["new", "old", "reference"], 1.0)


def test_a_folder_of_fits(tmp_path):
    for number in range(1, 5):
        write_cube(tmp_path / f"a{number}.fits", planes=1, seed=number)
    (manifest,) = [code for code in section("A folder of FITS") if code.startswith("image1,")]
    (tmp_path / "manifest.csv").write_text(manifest)
    ingest("A folder of FITS", tmp_path)
    tracklet = Subject.objects.get(survey__slug="mine")
    assert (tracklet.kind, tracklet.frames.count(), tracklet.ra) == ("tracklet", 4, 10.5)
