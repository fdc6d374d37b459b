"""The votes on one subject: volunteer, time, answer, skill, and the posterior after each."""

import csv
import re
from datetime import timedelta

import pytest

from ml.trails.line_marks import Mark, read_marks
from tests.integration.learning import sky
from webapp.archive.models import Frame
from webapp.classifications.line_marks import Line, store_lines
from webapp.classifications.models import Classification
from webapp.consensus.models import Consensus
from webapp.review.rulings import rule
from webapp.review.timeline import timeline
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db


def page(client, subject, **query):
    return client.get(f"/surveys/night/consensus/subjects/{subject.pk}/", query)


@pytest.fixture
def trained(workflow, vote):
    """Two volunteers, the first right on four gold subjects an hour ago, the second on none."""
    known = sky.subjects(workflow.survey, [True] * 4, prefix="known")
    sky.make_gold(known, [True, True, False, False])
    sky.queue(workflow, known)
    people = [Volunteer.objects.create() for _ in range(2)]
    for row, truth, lie in zip(known, ("yes", "yes", "no", "no"), ("no", "no", "yes", "yes"), strict=True):
        vote(row, truth, lie, people=people, reason="training", ago=timedelta(hours=5))
    return people


def test_each_vote_is_weighed_with_the_skill_before_it_and_says_how_likely_it_was(
    workflow, subjects, vote, trained, scientist, client
):
    vote(subjects[0], "yes", "yes", people=trained)
    first, second = timeline(workflow, subjects[0])
    assert (first.skill.right, first.skill.n, second.skill.right, second.skill.n) == (4, 4, 0, 4)
    assert first.odds > 1 > second.odds
    assert workflow.prior < first.posterior > second.posterior
    assert second.posterior == pytest.approx(Consensus.objects.get(subject=subjects[0]).posterior, abs=1e-12)
    assert first.seconds == 4
    for each in (first, second):
        assert 0 < each.if_yes < 1
        assert each.if_yes / each.if_no == pytest.approx(each.odds, rel=1e-5)
    table = page(client, subjects[0]).content.decode()
    for each in (first, second):
        assert f'<td class="n">{each.if_yes:.3f}</td><td class="n">{each.if_no:.3f}</td>' in table


def test_votes_taken_back_are_not_shown_and_those_held_back_move_nothing(workflow, subjects, vote):
    _, undone, _ = vote(subjects[0], "yes", "no", "unsure")
    Classification.objects.filter(pk=undone.pk).update(withdrawn_at=undone.created_at)
    vote(subjects[0], "no", is_counted=False, ago=timedelta(minutes=1))
    found = timeline(workflow, subjects[0])
    assert [(each.answer, each.weighs) for each in found] == [("yes", True), ("unsure", True), ("no", False)]
    assert found[1].posterior == found[2].posterior
    assert found[2].odds is None


def test_a_vote_that_is_weighted_out_stands_there_and_moves_nothing(workflow, subjects, vote, scientist, client):
    vote(subjects[0], "yes", "yes")
    [_, second] = Classification.objects.order_by("count_order")
    Classification.objects.filter(pk=second.pk).update(log_odds_micronats=None)
    first, out = timeline(workflow, subjects[0])
    assert (out.weighs, out.odds, out.if_yes, out.if_no, out.posterior) == (False, None, None, None, first.posterior)
    assert "no: excluded by a quality flag" in page(client, subjects[0]).content.decode()


def test_no_conclusion_is_drawn_below_the_minimum_of_votes(workflow, subjects, vote, scientist, client):
    vote(subjects[0], "yes", "yes", "unsure")
    assert "none before 3 yes/no votes" in page(client, subjects[0]).content.decode()
    assert Consensus.objects.get(subject=subjects[0]).label == ""
    vote(subjects[1], "yes", "yes", "yes")
    assert "none before" not in page(client, subjects[1]).content.decode()
    assert Consensus.objects.get(subject=subjects[1]).label == "yes"
    Consensus.objects.filter(subject=subjects[0]).update(is_retired=True, retired_reason="nothing_here")
    assert Consensus.objects.get(subject=subjects[0]).label == "yes"


def test_a_verdict_is_the_conclusion_whatever_the_votes_say(workflow, subjects, vote, scientist, client):
    vote(subjects[0], "yes", "yes", "yes")
    rule(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="no")
    assert re.search("<dt>conclusion</dt><dd>no</dd>", page(client, subjects[0]).content.decode(), re.IGNORECASE)
    rule(subject=subjects[1], workflow=workflow, scientist=scientist, verdict="yes")
    assert Consensus.objects.get(subject=subjects[1]).label == ""  # no votes


def test_people_appear_under_stable_pseudonyms_only(workflow, subjects, vote, scientist, client, django_user_model):
    user = django_user_model.objects.create_user("jane.doe", email="jane@example.org")
    jane = Volunteer.objects.create(user=user)
    vote(subjects[0], "yes", people=[jane])
    vote(subjects[1], "no", people=[jane])
    texts = [page(client, subject).content.decode() for subject in subjects[:2]]
    names = [page(client, subject).context["votes"][0].who for subject in subjects[:2]]
    assert names[0] == names[1]
    assert names[0] in texts[0]
    table = b"".join(client.get(f"/surveys/night/consensus/night/subjects/{subjects[0].pk}/votes.csv")).decode()
    for text in [*texts, table]:
        assert "jane" not in text
        assert str(jane.key) not in text
    [row] = csv.DictReader(table.splitlines())
    assert (row["volunteer"], row["answer"], row["is_counted"]) == (names[0], "yes", "True")


def test_lines_stand_in_the_viewer_and_in_the_table(workflow, subjects, vote, scientist, client, tmp_path):
    wcs = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 1, "CRPIX2": 1, "CRVAL1": 10.0, "CRVAL2": 20.0,
           "CDELT1": -0.001, "CDELT2": 0.001, "CUNIT1": "deg", "CUNIT2": "deg"}  # fmt: skip
    Frame.objects.create(subject=subjects[0], position=0, wcs=wcs)
    [answer] = vote(subjects[0], "yes")
    store_lines({answer: [Line(0, 0, 3, 4)]})
    response = page(client, subjects[0])
    [line] = response.context["annotations"].lines
    assert line.pixels == 5
    assert line.arcsec == pytest.approx(18, rel=1e-4)
    drawn = {"by": "volunteers", "label": "1", "frame": 0, "x1": 0.0, "y1": 0.0, "x2": 3.0, "y2": 4.0}
    assert response.context["config"]["subject"]["annotations"] == [drawn]
    text = response.content.decode()
    assert "10.000000, 20.000000" in text
    table = b"".join(client.get(f"/surveys/night/consensus/night/subjects/{subjects[0].pk}/lines.csv")).decode()
    [row] = csv.DictReader(table.splitlines())
    assert (row["x2_px"], row["y2_px"], row["length_px"], row["answer"]) == ("3.0", "4.0", "5.0", "yes")
    file = tmp_path / "lines.csv"
    file.write_text(table)
    assert read_marks(file) == {subjects[0].external_id: [Mark(line.who, (0, 0, 3, 4))]}


def test_without_votes_or_workflow_the_page_says_so(survey, workflow, subjects, scientist, client):
    assert "Nobody has classified" in page(client, subjects[0]).content.decode()
    [tracklet] = sky.subjects(survey, [True], kind="tracklet", frames=4, prefix="t")
    nobody_asks = page(client, tracklet)
    assert nobody_asks.status_code == 404
    assert "No workflow asks about this subject." in nobody_asks.content.decode()
    assert page(client, subjects[0], workflow="none").status_code == 404


def test_a_long_timeline_costs_as_few_queries_as_a_short_one(
    workflow, subjects, vote, scientist, client, django_assert_max_num_queries
):
    vote(subjects[0], *["yes"] * 20)
    with django_assert_max_num_queries(25):
        assert len(page(client, subjects[0]).context["votes"]) == 20


def test_a_majority_weighs_nobody(workflow, subjects, vote, scientist, client):
    workflow.method = "majority"
    workflow.save()
    vote(subjects[0], "yes")
    context = page(client, subjects[0]).context
    assert context["votes"][0].odds is None
    assert context["plot"]["thresholds"] == []
