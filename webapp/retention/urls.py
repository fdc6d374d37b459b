from django.urls import path

from webapp.retention import views

urlpatterns = [
    path("", views.retention, name="retention"),
    path("runs/", views.retention_runs, name="retention-runs"),
    path("start/", views.retention_start, name="retention-start"),
]
