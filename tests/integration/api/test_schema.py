"""For any request that the schema allows, the response matches the schema, without server errors."""

import pytest
import schemathesis
from django.contrib.auth import get_user_model
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from rest_framework.authtoken.models import Token
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.integration.world import make_volunteer, make_workflow, subjects_of, vote
from webapp.wsgi import application

pytestmark = pytest.mark.django_db

SETTINGS = settings(max_examples=8, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
SCHEMA = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
SCHEMA.app = application
OPERATIONS = {operation.label: operation for operation in (found.ok() for found in SCHEMA.get_all_operations())}


@pytest.fixture(autouse=True)
def lasting_connection():
    """Keep requests from closing the connection of this test's transaction, as Django's own client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers():
    workflow = make_workflow(subjects=3, gold=1)
    for subject in subjects_of(workflow):
        vote(make_volunteer(subject.external_id), workflow, subject)
    admin = get_user_model().objects.create_superuser("root", password="correct horse battery")
    return {"Authorization": f"Token {Token.objects.create(user=admin).key}"}


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
