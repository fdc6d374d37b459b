"""Bodies of the API's requests hold no unknown fields, in JSON and in forms."""

import pytest
from django.http import QueryDict
from drf_spectacular.generators import SchemaGenerator
from rest_framework.exceptions import ValidationError

from tests.request_bodies import ANSWERS, written
from webapp.api.classification_serializers import check_answers
from webapp.api.learning_serializers import PromoteSerializer
from webapp.api.request_body import EmptyBody, RequestBody
from webapp.api.ruling_serializers import BulkRuleSerializer


def test_every_write_refuses_unknown_fields():
    assert len(written()) > 40
    lenient = {
        label: bodies
        for label, bodies in written().items()
        if label != ANSWERS and not all(issubclass(body, RequestBody) for body in bodies)
    }
    assert lenient == {}, "of classifications, see below"


def test_the_schema_says_so():
    described = SchemaGenerator().get_schema(request=None, public=True)["components"]["schemas"]
    assert described["Promote"]["additionalProperties"] is False
    assert described["PatchedCollection"]["additionalProperties"] is False
    assert "additionalProperties" not in described["Checkpoint"]


def refused(body):
    with pytest.raises(ValidationError) as caught:
        body.is_valid(raise_exception=True)
    return caught.value.detail


def test_a_misspelt_field_is_named_with_those_that_exist():
    sentence = "There is no field “confirmed” here. Fields: reason, is_confirmed, replaces."
    assert refused(PromoteSerializer(data={"confirmed": True})) == {"confirmed": [sentence]}
    assert refused(PromoteSerializer(data=QueryDict("confirmed=true"))) == {"confirmed": [sentence]}
    assert PromoteSerializer(data=QueryDict("csrfmiddlewaretoken=x&reason=better")).is_valid()
    assert "Fields: none." in str(refused(EmptyBody(data={"subject": 5})))
    assert EmptyBody(data={}).is_valid()
    [(name, _)] = refused(EmptyBody(data={"\ud800" + 1000 * "x": 1})).items()
    assert name == "?" + 99 * "x"


def test_a_field_within_a_list_is_refused_too():
    with pytest.raises(ValidationError, match="There is no field “verdct” here"):
        BulkRuleSerializer().fields["rulings"].run_validation([{"subject": 1, "verdct": "yes"}])
    answer = {"id": "0b6f0000-0000-4000-8000-000000000000", "workflow": "w", "subject": 1, "answer": "no"}
    assert check_answers([answer])
    for wrong in ({"anser": "no"}, {"marks": [{"x1": 0, "y1": 0, "x2": 1, "y2": 1, "z": 1}]}):
        with pytest.raises(ValidationError, match=r"There is no field “(anser|z)” here"):
            check_answers([answer | wrong])
