"""Load workflows by slug, each with its survey, in one statement."""

from collections.abc import Iterable

from webapp.archive.models import Survey
from webapp.core.sql import Columns, fetch
from webapp.workflows.models import Workflow

WORKFLOW = Columns(Workflow, "workflow")
SURVEY = Columns(Survey, "survey")
SELECT = f"""
    SELECT {WORKFLOW.sql}, {SURVEY.sql}
    FROM workflows_workflow AS workflow JOIN archive_survey AS survey ON survey.id = workflow.survey_id
    WHERE workflow.slug = ANY(%s)
"""  # noqa: S608  # column names of our own models


def workflows_by_slug(slugs: Iterable[str]) -> dict[str, Workflow]:
    """Return the workflows that there are of these slugs."""
    found = {}
    for row in fetch(SELECT, [list(slugs)]):
        workflow = WORKFLOW.build(row[: len(WORKFLOW)])
        workflow.survey = SURVEY.build(row[len(WORKFLOW) :])
        found[workflow.slug] = workflow
    return found
