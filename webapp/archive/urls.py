from django.urls import path

from webapp.archive import ingest_views
from webapp.archive.subject_views import numbers, picture, subject, subjects
from webapp.archive.survey_settings_views import (
    member_add,
    member_change,
    member_remove,
    story,
    survey_new,
    survey_settings,
)

urlpatterns = [
    path("surveys/new/", survey_new, name="survey-new"),
    path("surveys/<slug:slug>/", subjects, name="subjects"),
    path("surveys/<slug:slug>/subjects/<int:pk>/", subject, name="subject"),
    path("surveys/<slug:slug>/ingest/", ingest_views.ingest, name="ingest"),
    path("surveys/<slug:slug>/ingest/runs/", ingest_views.ingest_runs, name="ingest-runs"),
    path("surveys/<slug:slug>/ingest/start/", ingest_views.ingest_start, name="ingest-start"),
    path("surveys/<slug:slug>/ingest/<int:pk>/", ingest_views.ingest_run, name="ingest-run"),
    path("surveys/<slug:slug>/ingest/<int:pk>/progress/", ingest_views.ingest_progress, name="ingest-progress"),
    path("surveys/<slug:slug>/ingest/<int:pk>/problems.csv", ingest_views.ingest_problems, name="ingest-problems"),
    path("surveys/<slug:slug>/ingest/<int:pk>/cancel/", ingest_views.ingest_cancel, name="ingest-cancel"),
    path("surveys/<slug:slug>/story/", story, name="story"),
    path("surveys/<slug:slug>/settings/", survey_settings, name="survey-settings"),
    path("surveys/<slug:slug>/settings/members/", member_add, name="member-add"),
    path("surveys/<slug:slug>/settings/members/<int:pk>/", member_change, name="member-change"),
    path("surveys/<slug:slug>/settings/members/<int:pk>/remove/", member_remove, name="member-remove"),
    path("pixels/<int:subject>/<slug:checksum>.bin", numbers, name="pixels"),
    path("pixels/<int:subject>/<slug:checksum>.png", picture, name="picture"),
]
