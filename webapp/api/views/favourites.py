from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api.identity import ANYBODY, volunteer_who_acts
from webapp.archive.models import Subject
from webapp.community.keep import favour, unfavour


class FavouriteView(APIView):
    """A subject among one's favourites."""

    authentication_classes = ANYBODY
    permission_classes = [AllowAny]

    @extend_schema(request=None, responses={204: None})
    def put(self, request: Request, subject: int) -> Response:
        """Give the subject a heart. Twice is as once."""
        favour(volunteer_who_acts(request), get_object_or_404(Subject, pk=subject))
        return Response(status=204)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, subject: int) -> Response:
        """Take the heart away, if there is one."""
        unfavour(volunteer_who_acts(request), subject)
        return Response(status=204)
