"""What a volunteer should hear of, and the discoveries that they are credited with."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from webapp.community.models import Discovery, Notification
from webapp.community.person import name_of, volunteer_who_acts, volunteer_who_looks

NEWEST = 100


@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """Show the newest news and all discoveries. Looking changes nothing; marking as read is a button of its own."""
    volunteer = volunteer_who_looks(request)
    own = Notification.objects.filter(volunteer=volunteer).select_related("subject__survey")
    found = Discovery.objects.filter(volunteer=volunteer).select_related("subject__survey", "workflow")
    page = {"rows": own[:NEWEST], "has_unread": own.filter(read_at=None).exists(), "discoveries": found[:NEWEST]}
    return render(request, "community/notifications.html", page | {"name": name_of(volunteer) if volunteer else ""})


@require_POST
def notifications_read(request: HttpRequest) -> HttpResponse:
    volunteer = volunteer_who_acts(request)
    Notification.objects.filter(volunteer=volunteer, read_at=None).update(read_at=timezone.now())
    return redirect("notifications")
