from django.urls import path

from webapp.workflow_settings.views import recount, workflow, workflow_new, workflows

urlpatterns = [
    path("", workflows, name="workflows"),
    path("new/", workflow_new, name="workflow-new"),
    path("<slug:workflow>/", workflow, name="workflow"),
    path("<slug:workflow>/queue/", recount, name="workflow-queue"),
]
