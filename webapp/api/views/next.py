from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from webapp.api.identity import ANYBODY, any_volunteer, keep_identity
from webapp.api.serializers.items import NextSerializer, represent
from webapp.api.throttle import check_newcomer
from webapp.consensus.access_levels import gate_of
from webapp.queue.counts import progress_of
from webapp.queue.leases import MOST_LEASES, lease_next, most_leases
from webapp.workflows.by_slug import workflows_by_slug
from webapp.workflows.models import Workflow

DEFAULT = 10


class NextView(APIView):
    """The subjects that the volunteer who asks should look at next."""

    authentication_classes = ANYBODY
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="workflows_next",
        responses=NextSerializer,
        parameters=[OpenApiParameter("n", int, description=f"how many, 1 to {MOST_LEASES}", default=DEFAULT)],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Lease up to `n` subjects, first those that this volunteer holds already.

        A visitor without an account gets two cookies, `wanderer` and `csrftoken`, and sends the second as the header
        X-CSRFToken with their answers.
        """
        workflow = workflows_by_slug([slug]).get(slug)
        if workflow is None:
            raise NotFound(f"There is no workflow “{slug}”.")
        volunteer = any_volunteer(request)
        if volunteer.pk is None:
            check_newcomer(request)
        gate = gate_of(workflow, volunteer)
        if not gate.is_open:
            raise PermissionDenied(gate.sentence)
        wanted, most = wanted_items(request), most_leases(volunteer, workflow)
        leases = lease_next(volunteer, workflow, min(wanted, most))
        body = {
            "items": represent(leases, workflow),
            "progress": progress_of(volunteer, workflow),
            "message": "" if len(leases) == wanted else why_no_more(workflow, len(leases) == most),
        }
        response = Response(body, headers={"Cache-Control": "private, no-store"})
        return keep_identity(request._request, response, volunteer)


def wanted_items(request: Request) -> int:
    """Read `n`; a number out of range means the nearest one in range, anything else the default."""
    try:
        return min(max(int(request.query_params.get("n", DEFAULT)), 1), MOST_LEASES)
    except ValueError:
        return DEFAULT


def why_no_more(workflow: Workflow, holds_enough: bool) -> str:
    if holds_enough:
        return _("More subjects come as soon as the answers that you gave have arrived.")
    if not workflow.is_active:
        return _("This project is paused. What you answered is safe; come back when it goes on.")
    if workflow.is_training:
        return _(
            "Every training subject here has your answer. Your skill page shows what you recognise by now, and which"
            " kinds you still mix up; the projects are waiting."
        )
    return _(
        "You have answered everything that is open, or others hold the rest at the moment. New subjects appear when"
        " more sky comes in, or when the model finds something to ask about."
    )
