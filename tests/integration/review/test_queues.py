"""The desk's queues: which subjects each has, for which scientist."""

import numpy as np
import pytest
from django.http import QueryDict

from tests.integration.learning import sky
from webapp.archive.models import Subject
from webapp.community.models import Comment, SubjectTag
from webapp.consensus.consensus_rows import refresh_models
from webapp.learning.models import Promotion, Score
from webapp.learning.scores import write_scores
from webapp.review.cases import change_case
from webapp.review.opinions import ask_second_opinion, give_verdict
from webapp.review.queue_form import NAMES, PER_PAGE, SORTS, filters_of
from webapp.review.queue_rows import consensus_of
from webapp.review.queues import QUEUES, queued
from webapp.review.rulings import rule
from webapp.volunteers.models import Volunteer

pytestmark = pytest.mark.django_db


@pytest.fixture
def scored(workflow, subjects):
    """Two models' scores of the subjects: the champion's and its predecessor's."""
    before, champion = sky.checkpoint(workflow), sky.checkpoint(workflow, is_champion=True)
    Promotion.objects.create(checkpoint=champion, previous=before, reason="better")
    for model, scores in ((before, [0.9, 0.1, 0.1, 0.9]), (champion, [0.95, 0.1, 0.8, 0.2])):
        for subject, p in zip(subjects, scores, strict=False):
            Score.objects.create(checkpoint=model, subject=subject, probabilities=[p], p_real=p, entropy=0.1)
    return champion


def of(workflow, queue, **filters):
    rows = queued(workflow, queue, **filters)
    return [row.subject for row in consensus_of(workflow, rows, list(rows.values_list("pk", flat=True)))]


def give(subject, workflow, scientist, verdict, **fields):
    return give_verdict(subject=subject, workflow=workflow, scientist=scientist, verdict=verdict, **fields)


def comment(subject):
    Comment.objects.create(survey=subject.survey, subject=subject, author=Volunteer.objects.create(), text="Odd!")


def test_every_queue_has_a_name_on_the_page():
    assert [name for name, _ in NAMES] == list(QUEUES)


def test_agreed_candidates_are_those_that_volunteers_and_model_call_real(workflow, subjects, scored, vote):
    for subject, answer in zip(subjects, ["yes", "no", "yes", "yes"], strict=False):
        vote(subject, *[answer] * 4)
    vote(subjects[0], *["yes"] * 2)
    assert of(workflow, "agreed") == [subjects[0], subjects[2]]
    assert of(workflow, "changed") == [subjects[2], subjects[3]]


def test_a_subject_on_hold_is_out_of_the_way_until_it_is_released(workflow, subjects, scored, vote, scientist):
    vote(subjects[2], *["yes"] * 4)
    vote(subjects[3], "yes", "no", "unsure", "unsure")
    filled = {"agreed": 2, "disagreements": 3, "split": 3, "changed": 2, "unsure": 3}
    for queue, place in filled.items():
        change_case(subject=subjects[place], by=scientist, action="release")
        assert subjects[place] in of(workflow, queue)
        change_case(subject=subjects[place], by=scientist, action="hold")
        assert subjects[place] not in of(workflow, queue)
    assert set(of(workflow, "held")) == set(of(workflow, "all")) == set(of(workflow, "random")) == set(subjects[2:4])


@pytest.mark.parametrize("source", ["manifest", "synthetic"])
def test_a_training_subject_is_no_candidate(workflow, subjects, scored, vote, source):
    Subject.objects.filter(pk=subjects[0].pk).update(gold_label="real", gold_source=source)
    for subject in (subjects[0], subjects[2]):
        vote(subject, *["yes"] * 4)
    assert of(workflow, "agreed") == [subjects[2]]
    assert subjects[0] in of(workflow, "all")


def test_the_models_scores_reach_the_desk_with_votes_and_with_scoring(workflow, subjects, scored, vote):
    vote(subjects[0], "yes")
    row = workflow.consensus.get()
    assert (row.p_model, row.p_before) == (0.95, 0.9)
    for model, p in ((sky.checkpoint(workflow), 0.3), (scored, 0.4)):
        write_scores(model.pk, np.array([subjects[0].pk]), np.array([[1 - p, p]]), np.array([p]))
        row.refresh_from_db()
        assert (row.p_model, row.p_before) == ((0.95, 0.9) if model != scored else (0.4, 0.9))
    assert of(workflow, "changed") == [subjects[0]]


def test_filters_that_are_folded_away_are_named_and_each_can_be_removed(survey, workflow):
    def active(text):
        query = QueryDict(text)
        return [(each.text, each.without) for each in filters_of(survey, query).form.active(query)]

    assert active("queue=all&workflow=night&way=&min_votes=0&assigned=&tag=&sort=-votes") == []
    assert active("min_votes=2&assigned=me&mjd_max=61000.5&view=sheet") == [
        ("Votes, at least: 2", "assigned=me&mjd_max=61000.5&view=sheet"),
        ("Assigned to: me", "min_votes=2&mjd_max=61000.5&view=sheet"),
        ("MJD ≤ 61000.5", "min_votes=2&assigned=me&view=sheet"),
    ]
    assert not filters_of(survey, QueryDict("tag=lens")).form.is_open
    assert filters_of(survey, QueryDict("night=yesterday")).form.is_open


def test_the_workflow_is_in_sight_where_there_are_several(survey, workflow):
    def shown(text):
        return [field.name for field in filters_of(survey, QueryDict(text)).form.first()]

    assert shown("workflow=night") == ["state", "sort", "view"]
    sky.workflow(survey, slug="another", name="Second question")
    assert shown("workflow=another") == ["workflow", "state", "sort", "view"]
    assert filters_of(survey, QueryDict("workflow=another")).form["workflow"].value() == "another"


def test_split_and_unsure_are_told_apart(workflow, subjects, vote):
    vote(subjects[0], "yes", "no")
    vote(subjects[1], "yes", "yes", "no")
    vote(subjects[2], "unsure", "yes")
    vote(subjects[3], "yes", "yes")
    assert of(workflow, "split") == [subjects[0]]
    assert of(workflow, "unsure") == [subjects[2]]
    assert set(of(workflow, "random")) == set(subjects[:4])


def test_the_random_sample_is_the_same_for_everybody_and_in_no_order_of_votes(workflow, subjects, vote):
    for subject in subjects:
        vote(subject, "yes")
    assert of(workflow, "random") == of(workflow, "random", min_votes=1)
    assert of(workflow, "random") != subjects


def test_a_colleagues_reject_hides_nothing_from_me(workflow, subjects, vote, scientist, colleague):
    for subject in subjects[:2]:
        vote(subject, "yes")
    give(subjects[0], workflow, colleague, "no")
    assert set(of(workflow, "all", state="todo", reader=scientist)) == set(subjects[:2])
    assert of(workflow, "all", state="todo", reader=colleague) == [subjects[1]]
    assert of(workflow, "all", state="open", reader=scientist) == [subjects[1]]
    give(subjects[0], workflow, scientist, "yes")
    assert of(workflow, "all", state="todo", reader=scientist) == [subjects[1]]
    assert of(workflow, "all", state="own", reader=scientist) == [subjects[0]]
    assert of(workflow, "conflicts") == [subjects[0]]


def test_second_opinions_holds_assignments_tags_and_comments_have_queues(
    workflow, subjects, vote, scientist, colleague
):
    for subject in subjects[:4]:
        vote(subject, "yes")
    give(subjects[0], workflow, scientist, "yes")
    ask_second_opinion(subject=subjects[0], workflow=workflow, by=scientist)
    assert of(workflow, "second", state="todo", reader=colleague) == [subjects[0]]
    assert of(workflow, "second", state="todo", reader=scientist) == []
    change_case(subject=subjects[1], by=scientist, action="hold")
    assert of(workflow, "held") == [subjects[1]]
    change_case(subject=subjects[2], by=scientist, action="assign", text="colleague")
    assert of(workflow, "all", assigned="me", reader=colleague) == [subjects[2]]
    assert subjects[2] not in of(workflow, "all", assigned="nobody")
    change_case(subject=subjects[3], by=scientist, action="tag", text="Strong lens")
    assert of(workflow, "all", tag="strong-lens") == [subjects[3]]
    comment(subjects[1])
    assert of(workflow, "talk") == [subjects[1]]


def test_a_subject_that_nobody_has_classified_is_in_every_list_that_a_scientist_or_talk_put_it_in(
    workflow, subjects, scored, vote, scientist, colleague
):
    unseen = subjects[:5]
    for subject, action, text in zip(unseen, ("hold", "assign", "tag"), ("", "colleague", "lens"), strict=False):
        change_case(subject=subject, by=scientist, action=action, text=text)
    comment(unseen[3])
    SubjectTag.objects.create(subject=unseen[4], volunteer=Volunteer.objects.create(), name="lens")
    vote(subjects[5], "yes", "yes")
    for action, text in (("hold", ""), ("tag", "lens"), ("assign", "colleague")):
        change_case(subject=subjects[5], by=scientist, action=action, text=text)
    comment(subjects[5])
    assert of(workflow, "held") == [subjects[5], unseen[0]]  # the newest change first
    assert of(workflow, "talk") == [subjects[5], unseen[3]]
    assert of(workflow, "all", assigned="me", reader=colleague) == [subjects[5], unseen[1]]
    assert of(workflow, "all", assigned="somebody") == [subjects[5], unseen[1]]
    assert set(of(workflow, "all", tag="lens")) == {subjects[5], unseen[2], unseen[4]}
    assert of(workflow, "held", min_votes=1) == of(workflow, "all", assigned="me", tag="lens", reader=colleague)
    assert of(workflow, "held", assigned="nobody") == [unseen[0]]
    assert of(workflow, "held", way="crowd-no") == []  # nobody has said anything
    assert of(workflow, "all") == of(workflow, "random") == [subjects[5]]


def test_a_verdict_without_votes_is_in_the_lists_of_second_opinions(workflow, subjects, scientist, colleague):
    give(subjects[0], workflow, scientist, "yes")
    ask_second_opinion(subject=subjects[0], workflow=workflow, by=scientist)
    workflow.consensus.all().delete()
    assert of(workflow, "second", state="todo", reader=colleague) == [subjects[0]]
    give(subjects[0], workflow, colleague, "no")
    assert of(workflow, "conflicts", state="own", reader=scientist) == [subjects[0]]
    assert of(workflow, "conflicts", state="open", reader=scientist) == []


def test_the_lists_without_votes_leave_out_other_kinds_surveys_and_synthetic_subjects(workflow, subjects, scientist):
    Subject.objects.filter(pk=subjects[0].pk).update(is_synthetic=True)
    Subject.objects.filter(pk=subjects[1].pk).update(kind="cube")
    for subject in (*subjects[:3], *sky.subjects(sky.survey("other"), [True])):
        change_case(subject=subject, by=scientist, action="hold")
        comment(subject)
    assert of(workflow, "held") == of(workflow, "talk") == [subjects[2]]


@pytest.mark.parametrize("sort", ["", "-changed_at"])
def test_the_newest_of_talk_are_those_with_the_newest_comment(workflow, subjects, scientist, vote, client, sort):
    for subject in (*subjects[:3], subjects[1]):
        comment(subject)
    vote(subjects[0], "yes")  # a vote is no news of Talk
    shown = client.get(f"/surveys/night/review/?queue=talk&sort={sort}").context["rows"]
    assert [each["row"].subject for each in shown] == [subjects[1], subjects[2], subjects[0]]


@pytest.mark.parametrize("queue", ["held", "talk"])
@pytest.mark.parametrize(("sort", "places"), [("-posterior", [3, 1]), ("-gap", [1, 3]), ("-votes", [1, 3])])
def test_subjects_without_votes_come_after_those_with_votes(
    workflow, subjects, scored, vote, scientist, client, queue, sort, places
):
    for subject in subjects:
        change_case(subject=subject, by=scientist, action="hold")
        comment(subject)
    vote(subjects[1], "no", "no", "no")
    vote(subjects[3], "yes", "no")
    refresh_models([subject.pk for subject in subjects])
    workflow.consensus.filter(subject=subjects[1]).update(posterior=0.04)
    workflow.consensus.filter(subject=subjects[3]).update(posterior=0.21)
    shown = client.get(f"/surveys/night/review/?queue={queue}&sort={sort}").context["rows"]
    assert [each["row"].subject for each in shown[:2]] == [subjects[place] for place in places]
    assert len(shown) == len(subjects)


def test_the_page_names_the_filters_that_it_does_not_accept(workflow, scientist, client):
    reply = client.get("/surveys/night/review/?queue=everything&min_votes=many&tag=lens")
    assert reply.status_code == 400
    said = " ".join(reply.content.decode().split())
    assert 'Not accepted: <a href="#id_queue">Queue</a>, <a href="#id_min_votes">Votes, at least</a>' in said
    assert reply.context["filters"].queue == "agreed"
    assert reply.context["filters"].chosen["tag"] == "lens"


@pytest.mark.parametrize("queue", ["held", "talk"])
@pytest.mark.parametrize("sort", [sort for sort, _ in SORTS])
def test_the_page_shows_subjects_without_votes_whatever_the_order(
    workflow, subjects, scored, scientist, client, monkeypatch, sort, queue
):
    monkeypatch.setitem(PER_PAGE, "list", 2)
    for subject in subjects:
        change_case(subject=subject, by=scientist, action="hold")
        comment(subject)
    address, seen = f"/surveys/night/review/?queue={queue}&sort={sort}", []
    while address:
        reply = client.get(address)
        assert "no votes yet" in reply.content.decode()
        seen += [each["row"].subject for each in reply.context["rows"]]
        address = reply.context["next"] and f"/surveys/night/review/?{reply.context['next']}"
    assert sorted(row.pk for row in seen) == [row.pk for row in subjects]
    if sort == "-p_model":
        assert seen[:2] == [subjects[0], subjects[2]]  # 0.95 and 0.8, the scores of subjects nobody has classified
    assert not workflow.consensus.exists(), "looking at a list makes no consensus"


def test_a_verdict_before_any_vote_keeps_the_models_score_in_the_lists(workflow, subjects, scored, scientist):
    rule(subject=subjects[0], workflow=workflow, scientist=scientist, verdict="yes")
    row = queued(workflow, "all").get(subject=subjects[0])
    assert (row.p_model, row.p_before) == (0.95, 0.9)
