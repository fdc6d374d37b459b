"""For any request that the schema allows, the response matches the schema, without server errors."""

import pytest
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.integration.api.operations import OPERATIONS
from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.accounts.tokens import make_token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lasting_connection")]

SETTINGS = settings(max_examples=5, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def headers(kept_for_the_module):
    workflow = make_workflow(subjects=3, gold=1)
    for subject in subjects_of(workflow):
        vote(make_volunteer(subject.external_id), workflow, subject)
    admin = get_user_model().objects.create_superuser("root", password="correct horse battery")
    return {"Authorization": f"Token {make_token(admin)}"}


@pytest.mark.parametrize("label", OPERATIONS)
def test_the_server_keeps_the_promises_of_the_schema(label, headers):
    @given(case=OPERATIONS[label].as_strategy())
    @SETTINGS
    def holds(case):
        response = case.call(headers=headers)
        case.validate_response(
            response, checks=[not_a_server_error, content_type_conformance, response_schema_conformance]
        )

    holds()
