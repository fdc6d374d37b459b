"""API views of the champion as a Label Studio ML backend: health, setup, versions, predict, webhook.

Label Studio authenticates with a name and a password; the password is the account's API token. It sends webhooks
without credentials, so anybody may send one, and its own access token with setup, which is neither read nor stored.
Fields that this site does not know are ignored, as Label Studio sends more with each version.
"""

import logging
from typing import Any

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api.defaults import ShallowJSONParser, VolunteerTokenAuthentication
from webapp.api.permissions import require
from webapp.archive.models import Role, Survey
from webapp.exports.label_studio_choices import BadConfiguration, Control, check_controls, controls_of
from webapp.exports.label_studio_predictions import champions_of, predict, version_of

log = logging.getLogger(__name__)

MOST_TASKS = 1000
LONGEST_CONFIGURATION = 200_000


class TokenAsPassword(BasicAuthentication):
    """HTTP basic authentication with the account's name and, as the password, its API token."""

    def authenticate_credentials(self, userid: str, password: str, request: Any = None) -> tuple[User, None]:
        """Return the account of the token; raise AuthenticationFailed if it has another name."""
        user, _token = VolunteerTokenAuthentication().authenticate_credentials(password)
        if user.get_username().lower() != userid.lower():
            raise AuthenticationFailed(_("This token belongs to another account."))
        return user, None


class TokenAsPasswordScheme(OpenApiAuthenticationExtension):
    """Describes the authentication in the OpenAPI schema."""

    target_class = TokenAsPassword
    name = "tokenAsPassword"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "basic"}


class SetupSerializer(serializers.Serializer[Any]):
    schema = serializers.CharField(max_length=LONGEST_CONFIGURATION, help_text="labelling configuration")


class VersionSerializer(serializers.Serializer[Any]):
    model_version = serializers.CharField(allow_blank=True, help_text="the survey's champions; empty without any")


class VersionsSerializer(serializers.Serializer[Any]):
    versions = serializers.ListField(child=serializers.CharField(), help_text="the survey's champions, if any")


class TasksSerializer(serializers.Serializer[Any]):
    tasks = serializers.ListField(child=serializers.DictField(), max_length=MOST_TASKS)
    label_config = serializers.CharField(max_length=LONGEST_CONFIGURATION, help_text="labelling configuration")


class PredictionSerializer(serializers.Serializer[Any]):
    model_version = serializers.CharField()
    score = serializers.FloatField(help_text="probability of the answer, or of the class if no answer is asked for")
    result = serializers.ListField(child=serializers.DictField(), help_text="choices, each with its own score")


class SkippedSerializer(serializers.Serializer[Any]):
    task = serializers.IntegerField(help_text="place in the request, from 0")
    reason = serializers.CharField()


class PredictionsSerializer(VersionSerializer):
    results = serializers.ListField(
        child=PredictionSerializer(many=True), help_text="one list per task: its prediction, or nothing"
    )
    skipped = SkippedSerializer(many=True)


class StatusSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()


class LabelStudioView(APIView):
    authentication_classes = [TokenAsPassword, VolunteerTokenAuthentication]
    permission_classes = [IsAuthenticated]
    parser_classes = [ShallowJSONParser]

    def survey(self, slug: str) -> Survey:
        """Return the survey if the user is one of its scientists."""
        survey = get_object_or_404(Survey, slug=slug)
        require(self.request, survey, Role.SCIENTIST)
        return survey


class HealthView(LabelStudioView):
    permission_classes = [AllowAny]

    @extend_schema(responses=StatusSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Say that the backend is up."""
        get_object_or_404(Survey, slug=slug)
        return Response({"status": "UP"})


class SetupView(LabelStudioView):
    @extend_schema(request=SetupSerializer, responses=VersionSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Check that the labelling configuration offers the survey's answers or classes; nothing is stored."""
        survey = self.survey(slug)
        asked = SetupSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        _controls(asked.validated_data["schema"], survey, "schema")
        return Response({"model_version": version_of(champions_of(survey))})


class VersionsView(LabelStudioView):
    @extend_schema(responses=VersionsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Name the version that predicts now, as `predict` does."""
        version = version_of(champions_of(self.survey(slug)))
        return Response({"versions": [version] if version else []})


class PredictView(LabelStudioView):
    @extend_schema(request=TasksSerializer, responses=PredictionsSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Return the champion's stored scores of up to 1000 tasks as predictions."""
        survey = self.survey(slug)
        asked = TasksSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        controls = _controls(asked.validated_data["label_config"], survey, "label_config")
        champions = champions_of(survey)
        predicted = predict(survey, champions, asked.validated_data["tasks"], controls)
        return Response(
            {
                "model_version": version_of(champions),
                "results": [[each.prediction] if each.prediction else [] for each in predicted],
                "skipped": [{"task": i, "reason": each.reason} for i, each in enumerate(predicted) if each.reason],
            }
        )


class WebhookView(LabelStudioView):
    permission_classes = [AllowAny]

    @extend_schema(request=OpenApiTypes.OBJECT, responses=StatusSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Acknowledge an event, without reading it: annotations are imported from Label Studio's export."""
        get_object_or_404(Survey, slug=slug)
        return Response({"status": "ok"})


def _controls(configuration: str, survey: Survey, field: str) -> list[Control]:
    """Return the configuration's Choices. A problem goes to the log too, since Label Studio does not show it."""
    try:
        controls = controls_of(configuration)
        check_controls(controls, survey)
    except BadConfiguration as problem:
        log.warning("%s: a Label Studio project cannot use the champion: %s", survey.slug, problem)
        raise ValidationError({field: [str(problem)]}) from problem
    return controls
