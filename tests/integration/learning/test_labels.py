"""A consensus becomes a label by what volunteers decided, whatever prior the workflow has."""

import math
import uuid
from itertools import zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.classifications.models import Classification
from webapp.classify.record import Item
from webapp.classify.submit import submit
from webapp.consensus.models import Consensus
from webapp.learning.curate_labels import labels

ANSWERS = st.sampled_from(["yes", "no", "unsure"])


class RarePositives(TestCase):
    @settings(max_examples=20)
    @given(
        prior=st.floats(0.01, 0.5),
        method=st.sampled_from(["majority", "swap-one-coin", "swap-two-coin"]),
        answers=st.lists(st.lists(ANSWERS, max_size=6), min_size=3, max_size=3),
    )
    def test_no_prior_is_a_label(self, prior, method, answers):
        rules = {"min_votes": 3, "max_votes": 6, "accept_threshold": 0.95, "reject_threshold": 0.05}
        workflow = make_workflow(subjects=3, slug=f"w{uuid.uuid4().hex[:8]}", method=method, prior=prior, **rules)
        people = [make_volunteer() for _ in range(6)]
        subjects = subjects_of(workflow)
        for person, given_answers in zip(people, zip_longest(*answers), strict=False):
            both = zip(subjects, given_answers, strict=True)
            items = [Item(uuid.uuid4(), subject.pk, answer) for subject, answer in both if answer]
            submit(volunteer=person, workflow=workflow, items=items)
        found = {label.subject_id: label for label in labels(workflow)}
        for row in Consensus.objects.filter(workflow=workflow):
            decided = row.votes_yes + row.votes_no
            label = found.pop(row.subject_id, None)
            if not decided or (decided < 3 and not row.is_retired):
                assert label is None, "too few have decided"
            if label is not None:
                assert label.p_yes == pytest.approx(by_the_votes_alone(row), abs=1.6e-3)
        assert not found, "no label without a consensus"


def by_the_votes_alone(row):
    if row.method == "majority":
        return (row.votes_yes + 1) / (row.votes_yes + row.votes_no + 2)
    counted = Classification.objects.filter(workflow=row.workflow, subject=row.subject, is_counted=True)
    nats = sum(each.log_odds_micronats for each in counted) / 1e6
    return 1 / (1 + math.exp(-nats))


@pytest.mark.django_db
@pytest.mark.parametrize("answer", ["yes", "unsure", "no"])
def test_one_newcomers_answer_is_no_label_where_movers_are_rare(answer):
    workflow = make_workflow(subjects=1, prior=0.05)
    vote(make_volunteer(), workflow, subjects_of(workflow)[0], answer)
    assert labels(workflow) == []


@pytest.mark.django_db
def test_people_who_agree_are_a_label_where_movers_are_rare():
    workflow = make_workflow(subjects=1, prior=0.02, min_votes=3, max_votes=9)
    (subject,) = subjects_of(workflow)
    for _ in range(8):
        vote(make_volunteer(), workflow, subject, "yes")
    (label,) = labels(workflow)
    assert label.label == "yes"
    assert label.p_yes > Consensus.objects.get().posterior
