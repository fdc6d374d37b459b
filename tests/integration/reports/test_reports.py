"""Reports to the Minor Planet Center: drafted from confirmed tracklets, checked, signed off once, downloaded."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from ml.sky.ades import read_psv, read_xml
from ml.sky.obs80 import read_obs80
from tests.integration.people import account, browser, member
from tests.integration.reports.reporting import DAY, contents, draft, sign
from webapp.archive.models import Frame, Survey
from webapp.known_objects.models import IdentityCheck, OrbitCatalogue
from webapp.linking.decisions import decide
from webapp.linking.linked_objects import take_back
from webapp.linking.models import LinkRun, Proposal
from webapp.reports.drafts import candidates, draft_report
from webapp.reports.models import Report, ReportedTracklet, ReportSettings
from webapp.reports.names import names_of
from webapp.review.rulings import withdraw_ruling

pytestmark = pytest.mark.django_db


def blocking(report):
    return [str(problem.message) for problem in contents(report).problems if problem.blocks]


def test_a_draft_becomes_files_that_are_read_back(survey):
    report = sign(draft(survey))
    [block], [same] = read_psv(report.psv), read_xml(report.xml.encode())
    assert block == same
    assert len(block.observations) == 16
    assert block.observations[1] == {
        "trkSub": report.tracklets.first().trk_sub, "mode": "CCD", "stn": "T05", "astCat": "Gaia2", "exp": "30.0",
        "logSNR": "1.00", "rmsRA": "0.216", "rmsDec": "0.216", "mag": "19.13", "band": "Ao",
        "obsTime": "2023-02-25T09:50:24.000Z", "ra": "10.001000", "dec": "20.000000",
    }  # fmt: skip
    assert dict(block.context)["telescope"] == [
        ("design", "Schmidt"), ("aperture", "0.50"), ("detector", "CCD"), ("pixelScale", "1.860")
    ]  # fmt: skip
    lines = [line for line in report.obs80.splitlines() if len(line) == 80]
    found, bad = read_obs80("\n".join(lines))
    assert (len(found), bad) == (16, [])
    assert {(each.magnitude, each.band, each.code) for each in found} == {("19.13", "o", "T05")}


def test_without_candidates_the_page_says_whether_orbits_are_missing(survey):
    IdentityCheck.objects.all().delete()
    client, address = browser(member(survey, "scientist")), reverse("reports", args=["night"])
    assert "compare them with the known objects" in client.get(address).content.decode()
    OrbitCatalogue.objects.all().delete()
    page = client.get(address).content.decode()
    assert "until an administrator loads orbits" in page
    assert f'<a href="{reverse("known-objects", args=["night"])}">Known objects</a></p>' in page


def test_a_positions_own_error_is_reported_and_an_assumed_one_is_not(survey):
    Frame.objects.filter(position=0).update(rms_ra=0.05, rms_dec=0.071, rms_corr=-0.25)
    Frame.objects.filter(position=1).update(rms_corr=0.5)  # of no errors
    Survey.objects.update(seeing=None, position_floor=None)
    report = sign(draft(survey))
    [block] = read_psv(report.psv)
    assert read_xml(report.xml.encode()) == [block]
    first, second, *_ = block.observations
    assert (first["rmsRA"], first["rmsDec"], first["logSNR"]) == ("0.050", "0.071", "1.00")
    assert first["rmsCorr"] == "-0.2500"
    assert not {"rmsRA", "rmsDec", "rmsCorr"} & set(second)
    assert second["logSNR"] == "1.00"


def test_a_seeing_alone_makes_errors_with_the_least_error_that_the_settings_promise(survey):
    Survey.objects.update(seeing=2.355, position_floor=None)
    [block] = read_psv(sign(draft(survey)).psv)
    assert {(each["rmsRA"], each["rmsDec"]) for each in block.observations} == {("0.141", "0.141")}  # S/N 10


def test_only_confirmed_unidentified_tracklets_are_candidates(survey):
    assert candidates(survey).count() == 4
    one, two, three, _ = survey.subjects.order_by("pk")
    IdentityCheck.objects.filter(subject=one).update(candidates=1, unmatched=0)
    withdraw_ruling(ruling=two.rulings.get(), by=survey.memberships.first().user)
    report = draft_report(survey=survey, by=survey.memberships.first().user, subjects=[three.pk])
    assert candidates(survey).count() == 1
    for chosen in ([one.pk], [two.pk], [three.pk], [], [2**62]):
        with pytest.raises(ValidationError):
            draft_report(survey=survey, by=report.created_by, subjects=chosen)
    assert Report.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda survey, row: row.frames.filter(position__gt=0).delete(), "only one position in this night"),
        (lambda survey, row: row.frames.update(mjd_mid=DAY), "two positions at one time"),
        (lambda survey, row: row.frames.all().delete(), "has no frame with a time and a position"),
        (lambda survey, row: row.frames.update(ra=float("nan")), "has no frame with a time and a position"),
        (lambda survey, row: row.frames.update(band="a|b\n"), "is not an ADES band"),
        (lambda survey, row: Survey.objects.update(observatory="ZZZ"), "lists no observatory “ZZZ”"),
        (lambda survey, row: Survey.objects.update(observatory="250"), "has no fixed place"),
        (lambda survey, row: Survey.objects.update(observatory=""), "has no observatory code"),
        (lambda survey, row: Survey.objects.update(is_simulated=True), "sky is simulated"),
        (
            lambda survey, row: IdentityCheck.objects.update(candidates=1, unmatched=0),
            "no longer confirmed and unidentified",
        ),
        (lambda survey, row: ReportedTracklet.objects.all().delete(), "has no tracklets"),
        (lambda survey, row: ReportSettings.objects.update(catalogue="Gaia9"), "not in the Minor Planet Center's list"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_signed(survey, change, said):
    report = draft(survey)
    change(survey, survey.subjects.order_by("pk").first())
    assert any(said in sentence for sentence in blocking(report)), blocking(report)
    with pytest.raises(ValidationError, match="has problems"):
        sign(report)
    page = browser(survey.memberships.first().user).get(reverse("report", args=["night", report.pk]))
    assert said in page.content.decode().replace("&#x27;", "'")
    assert not Report.objects.exclude(signed_at=None).exists()


def test_a_survey_with_a_simulated_sky_says_at_once_that_it_cannot_report(survey):
    page = browser(survey.memberships.first().user)
    assert "sky is simulated" not in page.get("/surveys/night/reports/").content.decode()
    Survey.objects.update(is_simulated=True)
    assert "sky is simulated" in page.get("/surveys/night/reports/").content.decode()


def test_a_pole_and_missing_magnitudes_do_no_harm(survey):
    one, two, *_ = survey.subjects.order_by("pk")
    one.frames.update(dec=-90.0)
    two.frames.update(mag=float("nan"), snr=None, band="")
    report = draft(survey)
    assert blocking(report) == []
    remarks = [str(each.message) for each in contents(report).problems]
    assert len(remarks) == 4
    assert "is reported without" in remarks[0]
    signed = sign(report)
    assert "-90 00 00.00" in signed.obs80
    assert sum("mag" in record for record in read_psv(signed.psv)[0].observations) == 12


def test_a_draft_names_a_tracklet_with_a_position_at_the_antipode(survey):
    report = draft(survey)
    frame = survey.subjects.order_by("pk").first().frames.get(position=2)
    frame.ra, frame.dec = (frame.ra + 180) % 360, -frame.dec
    frame.save()
    [remark] = contents(report).problems
    assert not remark.blocks
    assert "90° or more apart. Are all positions of one object?" in remark.message


def test_a_draft_names_uneven_motions_and_orbits_that_may_hide_known_objects(survey):
    report = draft(survey)
    checks, names = IdentityCheck.objects.order_by("pk"), report.tracklets.values_list("trk_sub", flat=True)
    assert contents(report).problems == []
    IdentityCheck.objects.filter(pk=checks[1].pk).update(orbit_days=-4000.0)
    OrbitCatalogue.objects.update(warning="It is cut.")
    survey.subjects.order_by("pk").first().frames.filter(position=2).update(dec=20.001)  # 3.6 arcsec off, 16 sigma
    uneven, old, cut = contents(report).problems
    assert uneven.message.startswith(f"{names[0]} does not move uniformly: χ² per degree of freedom is ")
    assert f"more than 100 days from {names[1]}." in old.message
    assert f"{', '.join(names)} were compared with an incomplete file" in cut.message
    page = browser(survey.memberships.first().user).get(reverse("report", args=["night", report.pk])).content.decode()
    assert old.message in page
    assert uneven.message in page
    assert sign(report).is_signed


def test_no_detection_is_reported_twice(survey):
    one, two, three, _ = survey.subjects.order_by("pk")
    signed = sign(draft(survey, count=1))
    three.frames.filter(position=2).update(ra=one.frames.get(position=2).ra + 1e-4)  # 0.3 arcsec from it
    two.frames.filter(position=1).update(ra=three.frames.get(position=1).ra)
    report = draft_report(survey=survey, by=signed.signed_by, subjects=[two.pk, three.pk])
    name = signed.tracklets.get().trk_sub
    assert f"This detection is also in report {signed.pk}, as {name}." in blocking(report)
    assert any("twice in this report" in sentence for sentence in blocking(report))
    three.frames.filter(position=2).update(mjd_mid=DAY + 2 / 100 + 2 / 86400)  # another exposure
    two.frames.filter(position=1).update(dec=20.01)
    assert blocking(report) == []


def test_names_are_unique_and_stay(survey):
    report = draft(survey)
    names = list(report.tracklets.values_list("trk_sub", flat=True))
    assert len(set(names)) == 4
    assert all(len(name) == 7 and name[0] == "W" for name in names)
    row = report.tracklets.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        ReportedTracklet.objects.create(report=report, subject=row.subject, trk_sub="W2")


def link(survey, *rows):
    run = LinkRun.objects.create(survey=survey, links="tracklets", state="done", first_mjd=DAY, last_mjd=DAY + 3)
    place = {"mjd": DAY, "ra": 10.0, "dec": 20.0, "rate": 30.0, "position_angle": 90.0, "misfit": 0.1}
    proposal = Proposal.objects.create(run=run, **place)
    proposal.members.set(rows)
    decide(survey=survey, proposals=[proposal.pk], by=survey.memberships.first().user, decision="confirmed")


def test_nights_that_were_linked_are_reported_as_one_object_also_in_two_reports(survey):
    one, two, three, four = survey.subjects.order_by("pk")
    link(survey, three, one)
    link(survey, three, four)
    names = [draft_of(survey, row).tracklets.get().trk_sub for row in (three, two)]
    both = draft_of(survey, one, four)
    assert set(both.tracklets.values_list("trk_sub", flat=True)) == {names[0]}
    assert names[0] != names[1]
    assert both.tracklets.count() == 2


def draft_of(survey, *rows):
    return draft_report(survey=survey, by=survey.memberships.first().user, subjects=[row.pk for row in rows])


def test_the_name_of_another_object_is_not_taken(survey):
    one, two, *_ = survey.subjects.order_by("pk")
    report = draft_of(survey, one)
    report.tracklets.update(trk_sub=names_of(survey.report_settings, [two])[two.pk])
    draft_of(survey, two)
    names = ReportedTracklet.objects.values_list("trk_sub", flat=True)
    assert len(set(names)) == len(names) == 2


def test_names_of_many_tracklets_are_looked_up_at_once(survey, django_assert_num_queries):
    one, two, three, four = survey.subjects.order_by("pk")
    link(survey, one, two)
    shared = draft_of(survey, two).tracklets.get().trk_sub
    with django_assert_num_queries(3):
        names = names_of(survey.report_settings, [one, two, three, four])
    assert names[one.pk] == names[two.pk] == shared
    assert len({names[row.pk] for row in (two, three, four)}) == 3


def test_a_tracklet_that_gave_its_name_to_an_object_gets_another_once_the_link_is_taken_back(survey):
    one, two, three, _ = survey.subjects.order_by("pk")
    link(survey, one, two)
    shared = draft_of(survey, two).tracklets.get().trk_sub
    user = survey.memberships.first().user
    take_back(survey=survey, proposal=Proposal.objects.get().pk, by=user, reason="A star")
    link(survey, two, three)
    alone = draft_of(survey, one).tracklets.get().trk_sub
    assert (draft_of(survey, three).tracklets.get().trk_sub, len(alone)) == (shared, 7)
    assert alone != shared


def test_a_scientist_drafts_checks_signs_and_downloads(survey):
    client = browser(survey.memberships.first().user)
    keys = list(survey.subjects.order_by("pk").values_list("pk", flat=True))
    survey.subjects.filter(pk=keys[0]).update(fitted_rate=33.3)  # the survey gives none
    page = client.get(reverse("reports", args=["night"])).content.decode()
    assert (page.count('name="subjects"'), 'data-check-all="subjects"' in page, ">33.3<" in page) == (4, True, True)
    address = client.post(reverse("report-draft", args=["night"]), {"subjects": keys[:3]}).url
    report = Report.objects.get()
    assert address == reverse("report", args=["night", report.pk])
    last = report.tracklets.last()
    client.post(reverse("report-remove", args=["night", report.pk, last.pk]))
    assert report.tracklets.count() == 2
    page = client.get(address)
    assert all(line in page.content.decode() for line in ("trkSub |mode|stn", "|19.13|", "# version=2022"))
    files = [reverse("report-file", args=["night", report.pk, kind]) for kind in ("psv", "xml", "obs80")]
    assert {client.get(file).status_code for file in files} == {404}
    sign_address = reverse("report-sign", args=["night", report.pk])
    assert client.post(sign_address, {"name": "", "seen": page.context["contents"].digest}).status_code == 400
    client.post(sign_address, {"name": "S. Scientist", "seen": "something else"})
    report.refresh_from_db()
    assert not report.is_signed
    client.post(sign_address, {"name": "S. Scientist", "seen": page.context["contents"].digest})
    report.refresh_from_db()
    assert (report.signed_name, report.signed_by.username) == ("S. Scientist", "sue")
    assert [client.get(file).content.decode() for file in files] == [report.psv, report.xml, report.obs80]
    assert "S. Scientist" in client.get(address).content.decode()
    client.post(reverse("report-delete", args=["night", report.pk]))
    assert Report.objects.get().psv == report.psv
    assert client.get(reverse("report-file", args=["night", report.pk, "signed_name"])).status_code == 404


def test_a_draft_is_deleted_and_its_tracklets_are_candidates_again(survey):
    report = draft(survey)
    browser(survey.memberships.first().user).post(reverse("report-delete", args=["night", report.pk]))
    assert (Report.objects.count(), candidates(survey).count()) == (0, 4)


def test_strangers_and_volunteers_get_403_and_change_nothing(survey):
    report = draft(survey, count=2)
    tracklet = report.tracklets.first()
    spare = survey.subjects.order_by("pk").last()
    elsewhere = Survey.objects.create(slug="elsewhere", name="Elsewhere")
    people = [account("stranger"), member(survey, "volunteer"), member(survey, "moderator"), member(elsewhere, "admin")]
    seen = contents(report).digest
    reads = [("reports", []), ("report", [report.pk]), ("report-file", [report.pk, "psv"]), ("report-settings", [])]
    writes = [
        ("report-draft", [], {"subjects": [spare.pk]}),
        ("report-sign", [report.pk], {"name": "Eve", "seen": seen}),
        ("report-remove", [report.pk, tracklet.pk], {}),
        ("report-delete", [report.pk], {}),
        ("report-settings", [], {"submitter": "Eve"}),
    ]
    for user in people:
        client = browser(user)
        assert {client.get(reverse(name, args=["night", *of])).status_code for name, of in reads} == {403}
        assert {client.post(reverse(name, args=["night", *of]), body).status_code for name, of, body in writes} == {403}
    own = browser(people[-1])
    assert own.post(reverse("report-sign", args=["elsewhere", report.pk]), writes[1][2]).status_code == 404
    assert own.post(reverse("report-delete", args=["elsewhere", report.pk])).status_code == 404
    scientist = browser(survey.memberships.get(role="scientist").user)
    assert scientist.post(reverse("report-settings", args=["night"]), {"submitter": "Eve"}).status_code == 403
    report.refresh_from_db()
    assert (report.is_signed, report.tracklets.count(), Report.objects.count()) == (False, 2, 1)
    assert ReportSettings.objects.get().submitter == "R. Núñez"


def test_pages_cost_few_queries(survey, django_assert_max_num_queries):
    report = draft(survey)
    client = browser(survey.memberships.first().user)
    with django_assert_max_num_queries(25):
        client.get(reverse("report", args=["night", report.pk]))
    with django_assert_max_num_queries(25):
        client.get(reverse("reports", args=["night"]))
