from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.api.access import require
from webapp.api.filters import SURVEY, Parameter, word
from webapp.api.serializers.ingest import IngestProblemSerializer, IngestRunSerializer, StartIngestSerializer
from webapp.api.views.rows import SurveyRows
from webapp.archive.ingest.inbox import inbox_path
from webapp.archive.ingest.start import IngestRefused, start_ingest
from webapp.archive.models import IngestRun, Role


class IngestRunViewSet(SurveyRows):
    """Readings of files into the archive; for admins."""

    queryset = IngestRun.objects.select_related("survey")
    serializer_class = IngestRunSerializer
    role = Role.ADMIN
    parameters = {"survey": SURVEY, "state": Parameter("state", word, "state of the job")}

    @extend_schema(request=StartIngestSerializer, responses={201: IngestRunSerializer})
    def create(self, request: Request) -> Response:
        """Ingest a file or folder that lies in the survey's inbox on the server."""
        asked = StartIngestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        admin = require(request, asked.validated_data["survey"], Role.ADMIN)
        name = asked.validated_data.pop("path")
        try:
            run = start_ingest(**asked.validated_data, path=inbox_path(asked.validated_data["survey"], name), by=admin)
        except IngestRefused as error:
            raise ValidationError({"path": [str(error)]}) from error
        return Response(IngestRunSerializer(run).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=IngestRunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """End the reading; what was ingested so far stays, and ingesting again goes on from there."""
        run = self.get_object()
        run.request_cancel()
        run.refresh_from_db()
        return Response(IngestRunSerializer(run).data)

    @extend_schema(responses=IngestProblemSerializer(many=True))
    @action(detail=True)
    def problems(self, request: Request, pk: str) -> Response:
        """Rows and files that could not be read, and why."""
        page = self.paginate_queryset(self.get_object().problems.all())
        return self.get_paginated_response(IngestProblemSerializer(page, many=True).data)
