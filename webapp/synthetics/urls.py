from django.urls import path

from webapp.synthetics.views import injection_cancel, injection_progress, injection_start, training

urlpatterns = [
    path("", training, name="training"),
    path("<slug:workflow>/inject/", injection_start, name="injection-start"),
    path("<slug:workflow>/injection/", injection_progress, name="injection-progress"),
    path("<slug:workflow>/injection/<int:pk>/cancel/", injection_cancel, name="injection-cancel"),
]
