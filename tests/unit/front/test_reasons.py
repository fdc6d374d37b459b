"""The page has a plain sentence for every reason why a volunteer gets a subject."""

import re

import pytest

from ml.acquisition.rules import Rule
from webapp.classifications.models import Reason
from webapp.core.environment import ROOT
from webapp.learning.acquisition import plan_of, reason_of
from webapp.workflows.models import Acquisition, Workflow


def test_every_reason_has_its_own_sentence():
    script = (ROOT / "static/classify/last_answer.js").read_text()
    table = script[script.index("const REASONS") :].split("};")[0]
    sentences = dict(re.findall(r'(\w+): gettext\("([^"]+)"\)', table))
    assert set(sentences) == set(Reason.values)
    assert len(set(sentences.values())) == len(sentences)


def test_every_order_has_a_plan_whose_rules_have_reasons():
    for acquisition in Acquisition:
        plan = plan_of(Workflow(acquisition=acquisition, positive_fraction=0.25))
        assert sum(plan.weights.values()) == 1
        reasons = {reason_of(rule, is_spread=plan.diverse) for rule in plan.weights}
        assert len(reasons) == 2
        assert Reason.POSITIVE in reasons


def test_rare_classes_have_their_share_and_reason():
    plan = plan_of(Workflow(positive_fraction=0.2, rare_fraction=0.25))
    assert dict(plan.weights) == pytest.approx({"entropy": 0.6, "positive": 0.15, "rare": 0.25})
    assert reason_of(Rule.RARE, is_spread=False) == Reason.RARE


def test_no_likely_movers_are_asked_for_without_a_fraction():
    assert len(plan_of(Workflow(positive_fraction=0)).weights) == 1
    assert set(plan_of(Workflow(positive_fraction=1)).weights) == {"positive"}
