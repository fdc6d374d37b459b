"""The night report counts what was judged, what the champion gets wrong, and who finds injected movers."""

import csv

import pytest
from django.utils.html import escape

from tests.integration import people
from tests.integration.figures.movers import injected, season, tracklet
from tests.integration.learning import sky
from webapp.known_objects.models import IdentityCheck, OrbitCatalogue
from webapp.learning.models import Score

pytestmark = pytest.mark.django_db
PAGE = "/surveys/night/consensus/night/"


@pytest.fixture
def workflow():
    return sky.workflow(sky.survey("night", pixel_scale=1.86), kind="tracklet")


@pytest.fixture
def scientist(workflow):
    return people.browser(people.member(workflow.survey, "scientist"))


@pytest.fixture
def champion(workflow):
    return sky.checkpoint(workflow, is_champion=True, manifest={"threshold": 0.5})


def rows_of(answer):
    return list(csv.DictReader(answer.getvalue().decode().splitlines()))


def test_each_night_is_counted_as_it_was_judged(workflow, champion, scientist):
    season(workflow, champion)
    answer = scientist.get(f"{PAGE}nights/")
    assert [night.mjd for night, *_ in answer.context["nights"]] == [61004, 61001, 61000]
    night = answer.context["nights"][0][0]
    assert (night.subjects, night.unknown, night.known, night.real, night.bogus) == (6, 4, 1, 2, 2)
    assert (night.false_positive, night.false_positive_rate) == (1, 0.5)
    assert (night.false_negative, night.false_negative_rate) == (1, 0.5)
    assert (night.scored, night.saved) == (5, 0.6)
    assert night.exposures == 4
    assert night.limit == pytest.approx(18.15 + 1.505, abs=0.01)  # magnitudes 18 to 18.3 at S/N 20, carried to 5
    assert night.date.isoformat() == "2025-11-25"
    assert "1</a> (50.0%)" in answer.content.decode()
    assert f"Scores are by the champion, model {champion.pk}." in answer.content.decode()
    assert answer.context["plot"]["mjd"] == [61000, 61001, 61004]


def test_threshold_and_population_are_in_the_address_and_in_the_csv(workflow, champion, scientist):
    season(workflow, champion)
    rows = rows_of(scientist.get(f"{PAGE}nights.csv?threshold=0.8&population=unknown"))
    assert [row["night_utc"] for row in rows] == ["2025-11-25", "2025-11-22", "2025-11-21"]
    assert {row["model"] for row in rows} == {str(champion.pk)}
    one = {name: rows[0][name] for name in ("subjects", "real", "false_positive", "false_negative", "workload_saved")}
    assert one == {"subjects": "4", "real": "1", "false_positive": "0", "false_negative": "1", "workload_saved": "1.0"}
    for file in ("nights.csv", "completeness.csv"):
        refused = scientist.get(f"{PAGE}{file}?threshold=2&population=some")
        assert refused.status_code == 400
        assert "bad values for: Threshold, Subjects." in refused.content.decode()


@pytest.mark.parametrize("page", ["nights", "figures", "injected"])
def test_a_threshold_that_is_none_gives_an_error_and_no_figures(workflow, champion, scientist, page):
    season(workflow, champion)
    injected(workflow, champion)
    for threshold, has_figures in (("0.8", True), ("2", False)):
        answer = scientist.get(f"{PAGE}{page}/", {"threshold": threshold})
        content = answer.content.decode()
        assert answer.status_code == (200 if has_figures else 400)
        assert ("<table" in content, "figures-data" in content or "nights-data" in content) == (
            has_figures, has_figures and page != "injected",
        )  # fmt: skip
        assert ("less than or equal to 1" in content) == (not has_figures)
        assert f'value="{threshold}"' in content


@pytest.mark.parametrize("query", ["", "threshold=0.8", "threshold=0.7&population=unknown", "threshold=0.005"])
def test_each_count_leads_to_the_subjects_that_it_counts(workflow, champion, scientist, query):
    rows = season(workflow, champion)
    copy = tracklet(workflow.survey, mjd=61004.2, duplicate_of=rows[-1], gold_label="no", gold_source="manifest")
    Score.objects.create(checkpoint=champion, subject=copy, probabilities=[0, 1], p_real=1, entropy=0)
    IdentityCheck.objects.create(
        subject=copy, catalogue=OrbitCatalogue.objects.get(), detections=4, candidates=0, unmatched=4
    )
    answer = scientist.get(f"{PAGE}nights/?{query}")
    counted = 0
    for night, lists, _ in answer.context["nights"]:
        for name, address in lists.items():
            page = scientist.get(address)
            assert page.context["total"].n == getattr(night, name), address
            assert escape(address) in answer.content.decode()
            counted += getattr(night, name)
    assert counted > 0


@pytest.mark.parametrize("population", ["all", "unknown"])
def test_a_night_leads_to_its_subjects_in_review(workflow, champion, scientist, population):
    rows = season(workflow, champion)
    answer = scientist.get(f"{PAGE}nights/?population={population}")
    for place, (night, _, review) in enumerate(reversed(answer.context["nights"])):
        assert escape(review["all"]) in answer.content.decode()
        page = scientist.get(review["all"])
        shown = [each["row"].subject for each in page.context["rows"]]
        assert len(shown) == page.context["total"] == night.subjects
        assert set(shown) <= set(rows[6 * place : 6 * place + 6])
        assert scientist.get(review["todo"]).context["total"] == night.subjects, "no verdict yet"


def test_a_night_that_was_not_compared_has_no_unknown_subjects_to_count(workflow, scientist):
    tracklet(workflow.survey)
    shown = scientist.get(f"{PAGE}nights/").content.decode()
    assert shown.count('<td class="n">–</td><td class="n">–</td>') >= 1
    assert "known=none" not in shown
    shown = scientist.get(f"{PAGE}nights/?population=unknown").content.decode()
    assert "No subject has been compared with the known objects yet and found to be near none." in shown
    assert "has a time yet" not in shown


def test_without_a_champion_nothing_is_saved_and_the_page_says_so(workflow, scientist):
    tracklet(workflow.survey)
    answer = scientist.get(f"{PAGE}nights/")
    assert answer.context["nights"][0][0].saved is None
    assert "There is no champion yet" in answer.content.decode()
    assert "No movers have been injected" in answer.content.decode()


def test_older_nights_are_on_further_pages_and_in_their_files(workflow, champion, scientist, monkeypatch):
    monkeypatch.setattr("webapp.figures.nights.NIGHTS", 2)
    season(workflow, champion)
    address, pages = f"{PAGE}nights/?threshold=0.8", []
    while address:
        answer = scientist.get(address)
        pages.append([night.mjd for night, *_ in answer.context["nights"]])
        rows = rows_of(scientist.get(answer.context["csv"]))
        assert [int(row["night_mjd"]) for row in rows] == pages[-1]
        assert answer.context["asked"].threshold == 0.8
        older = answer.context["older"]
        assert not older or escape(f"?{older}") in answer.content.decode()
        address = f"{PAGE}nights/?{older}" if older else ""
    assert pages == [[61004, 61001], [61000]]
    assert answer.context["nights"][0][0].subjects == 6, "only the night's own"
    assert answer.context["nights"][0][0].exposures == 4
    assert escape(f"?{answer.context['newest']}") in answer.content.decode()
    assert scientist.get(f"{PAGE}nights/?{answer.context['newest']}").context["nights"][0][0].mjd == 61004


def test_before_the_first_night_and_before_no_date_are_said(workflow, champion, scientist):
    season(workflow, champion)
    first = scientist.get(f"{PAGE}nights/?before=2001-01-01")
    assert (first.status_code, "There are no older nights" in first.content.decode()) == (200, True)
    wrong = scientist.get(f"{PAGE}nights/?before=yesterday")
    assert (wrong.status_code, "Before the night" in wrong.content.decode()) == (400, True)


def test_an_empty_archive_is_said_in_words(workflow, scientist):
    assert "Nights appear here once" in scientist.get(f"{PAGE}nights/").content.decode()
    assert rows_of(scientist.get(f"{PAGE}nights.csv")) == []


def test_injected_movers_measure_volunteers_and_models(workflow, champion, scientist):
    injected(workflow, champion)
    other = sky.workflow(workflow.survey, kind="tracklet", slug="other")
    answer = scientist.get(f"{PAGE}nights/")
    assert answer.context["n_movers"] == 24
    assert answer.context["nights"] == []  # they are no subjects of the sky
    rows = rows_of(scientist.get(f"{PAGE}completeness.csv"))
    by_snr = {(row["finder"], row["from"]): row for row in rows if row["quantity"] == "snr" and row["n"] != "0"}
    faint, bright = sorted({float(low) for _, low in by_snr})
    assert faint == 4
    found = {finder: float(by_snr[finder, str(bright)]["completeness"]) for finder in ("volunteer", "crowd", "model")}
    assert found == {"volunteer": 0.75, "crowd": 1.0, "model": 1.0}
    assert by_snr["volunteer", str(bright)]["n"] == "48"
    assert float(by_snr["model", "4.0"]["completeness"]) == 0
    magnitudes = [row for row in rows if row["quantity"] == "mag" and row["n"] != "0"]
    # Beside detections of 18 to 18.3 mag at S/N 20: a mover of S/N 20 has 18.15 mag, and one of S/N 4 is 1.75 fainter.
    assert float(magnitudes[0]["from"]) == pytest.approx(18.15, abs=0.01)
    assert float(magnitudes[-1]["to"]) == pytest.approx(18.15 + 1.747, abs=0.01)
    assert scientist.get(f"/surveys/night/consensus/{other.slug}/nights/").context["n_movers"] == 0
