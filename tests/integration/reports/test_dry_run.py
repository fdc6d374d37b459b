"""The dry run shows a draft in all three formats, each with what is wrong at its lines."""

import pytest

from ml.sky.obs80 import read_obs80
from tests.integration.people import browser
from tests.integration.reports.reporting import contents, draft, sign
from webapp.archive.models import Frame, Survey
from webapp.reports.dry_run import FORMATS, Finding, dry_file

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("kind", "first"), [("psv", "W0"), ("xml", "<optical>"), ("obs80", "W0")])
def test_each_format_is_shown_as_it_will_be_signed(survey, kind, first):
    report = draft(survey, count=1)
    client, address = browser(survey.memberships.get().user), f"/surveys/night/reports/{report.pk}/?format={kind}"
    page = client.get(address)
    file = page.context["file"]
    text = "".join(f"{line.text}\n" for line in file.lines)
    assert (file.problem, sum(line.text.lstrip().startswith(first) for line in file.lines)) == ("", 4)
    assert f'href="?format={kind}#report-file" aria-current="page"' in page.content.decode()
    assert getattr(sign(report), kind) == text
    signed = client.get(address).context["signed_lines"]
    assert [line for _, line in signed] == text.splitlines()


def test_an_unknown_format_is_refused_with_those_that_exist(survey):
    page = browser(survey.memberships.get().user).get(f"/surveys/night/reports/{draft(survey).pk}/?format=pdf")
    assert page.status_code == 400
    assert "Choices: psv, xml, obs80." in page.content.decode()


def test_what_is_wrong_stands_at_the_same_position_in_each_format(survey):
    report = draft(survey, count=2)
    second = report.tracklets.order_by("pk")[1].subject
    Frame.objects.filter(subject=second, position=2).update(band="purple")
    found = contents(report)
    places = {}
    for kind in FORMATS:
        lines = dry_file(found, kind).lines
        [bad] = [at for at, line in enumerate(lines) if line.problems]
        assert "“purple” is not an ADES band" in str(lines[bad].problems[0].message), kind
        places[kind] = "".join(line.text for line in lines[bad:])
    assert "|11.002000|" in places["psv"].split("|Gaia2")[0]
    assert places["xml"].split("<ra>")[1].startswith("11.002000")
    [first, *_], _bad = read_obs80(places["obs80"][:80])
    assert first.ra.value * 15 == pytest.approx(11.002, abs=1e-5)


def test_what_blocks_stands_above_the_file_once_with_its_first_line(survey):
    report = draft(survey, count=3)
    Frame.objects.update(band="purple")
    first, _second, third = report.tracklets.order_by("pk")
    third.subject.frames.filter(position__gt=1).update(mag=None)
    first.subject.frames.filter(position=3).update(ra=None)
    page = browser(survey.memberships.get().user).get(f"/surveys/night/reports/{report.pk}/")
    file, text = page.context["file"], page.content.decode()
    band = "“purple” is not an ADES band. An admin can map it to one in the report settings."
    start = next(line.number for line in file.lines if line.problems)
    assert file.blocking == [Finding(band, True, 9, start)]
    assert [(each.lines, each.first) for each in file.remarks] == [(0, None), (2, start + 9)]
    assert f'<a href="#line-{start}">9 lines, the first is {start}</a>' in text
    assert f'class="bad" id="line-{start}"' in text
    assert text.count("has problems") == 3
    assert text.index(band) < text.index("Remarks") < text.index("has no time or position") < text.index("trkSub |")


def test_a_spacecrafts_second_lines_do_not_shift_what_is_wrong(survey):
    Survey.objects.update(observatory="250")
    report = draft(survey, count=1)
    subject = report.tracklets.get().subject
    subject.metadata = {f"obs_{axis}{n}": "7000" for axis in "xyz" for n in range(1, 5)}
    subject.save()
    Frame.objects.filter(position=3).update(band="purple")
    lines = dry_file(contents(report), "obs80").lines
    assert [bool(line.problems) for line in lines[-8:]] == [False] * 6 + [True, False]


def test_what_80_columns_cannot_hold_is_said_and_the_rest_shown(survey):
    report = draft(survey, count=1)
    report.tracklets.update(trk_sub="W1234567")
    Frame.objects.filter(position=0).update(band="purple")
    page = browser(survey.memberships.get().user).get(f"/surveys/night/reports/{report.pk}/?format=obs80")
    assert all(said in page.content.decode() for said in ("do not fit into 80 columns", "“purple” is not an ADES band"))
    assert page.context["file"].lines == []
    assert [len(dry_file(contents(report), kind).lines) > 8 for kind in ("psv", "xml")] == [True, True]


def test_an_empty_draft_has_files_without_positions(survey):
    report = draft(survey, count=1)
    report.tracklets.all().delete()
    client = browser(survey.memberships.get().user)
    for kind in FORMATS:
        assert client.get(f"/surveys/night/reports/{report.pk}/?format={kind}").status_code == 200


def test_a_file_that_says_something_else_when_read_again_is_told(survey, monkeypatch):
    found = contents(draft(survey))
    assert {dry_file(found, kind).problem for kind in FORMATS} == {""}
    monkeypatch.setattr("webapp.reports.dry_run.read_obs80", lambda text: ([], []))
    assert "does not say the same" in dry_file(found, "obs80").problem
