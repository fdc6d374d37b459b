"""What the model thinks, told after the answer with its number, and not before."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.acceptance.classifying import make_workflow, press, ready
from tests.integration.learning import sky
from webapp.archive.models import Subject
from webapp.learning.scores import write_scores

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("is_told", [True, False])
def test_the_score_comes_after_the_answer_with_the_models_number(open_page, is_told):
    workflow = make_workflow(reveal_model_score=is_told)
    model = sky.checkpoint(workflow, is_champion=True)
    subjects = np.array(Subject.objects.values_list("pk", flat=True))
    p_real = np.full(len(subjects), 0.93)
    write_scores(model.pk, subjects, np.stack([1 - p_real, p_real], 1), p_real)
    page = open_page("/classify/night/")
    ready(page)
    expect(page.locator("body")).not_to_contain_text("93%")
    press(page, "y")
    why = page.locator("[data-part=why]")
    expect(why).to_contain_text("You're the first to answer this one. Next in the queue")
    if is_told:
        expect(why).to_contain_text(f"Model {model.pk}: 93% yes")
    else:
        expect(why).not_to_contain_text("93%")


@pytest.mark.parametrize(("p", "said"), [(0.5, "The model was uncertain"), (0.99, "Next in the queue")])
def test_a_model_that_was_sure_is_not_called_uncertain(open_page, p, said):
    workflow = make_workflow(reveal_model_score=False)
    model = sky.checkpoint(workflow, is_champion=True)
    subjects = np.array(Subject.objects.values_list("pk", flat=True))
    p_real = np.full(len(subjects), p)
    write_scores(model.pk, subjects, np.stack([1 - p_real, p_real], 1), p_real)
    workflow.queue.update(reason="uncertain")
    page = open_page("/classify/night/")
    ready(page)
    press(page, "y")
    expect(page.locator("[data-part=why]")).to_contain_text(said)
