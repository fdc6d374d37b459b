"""The built-in tutorial and help of a workflow that asks volunteers to draw lines."""

import pytest

from tests.integration.learning import sky
from webapp.guides.built_in import built_in_help, built_in_markdown, built_in_steps
from webapp.guides.models import GuideKind

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "title", "place"), [("cutout", "Draw the trail", ""), ("cube", "Draw what moves", "in the frame where")]
)
def test_a_workflow_that_asks_for_lines_says_how_to_draw_them(kind, title, place):
    workflow = sky.workflow(sky.survey(), kind, line_marking=True)
    *_, drawing, last = built_in_steps(workflow)
    assert (drawing.title, last.title) == (title, "Unsure is an answer")
    for text in (drawing.text, str(built_in_help(workflow)), built_in_markdown(workflow, GuideKind.HELP, "en")):
        assert "from one end" in text
        assert place in text
    assert f"# {title}" in built_in_markdown(workflow, GuideKind.TUTORIAL, "en")


def test_other_workflows_say_nothing_of_lines():
    workflow = sky.workflow(sky.survey(), "cutout")
    assert "Draw the trail" not in [step.title for step in built_in_steps(workflow)]
    assert "Lines:" not in built_in_help(workflow)
