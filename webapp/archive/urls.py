from django.urls import path

from webapp.archive import ingest_views, subject_views, survey_settings_views

urlpatterns = [
    path("surveys/new/", survey_settings_views.survey_new, name="survey-new"),
    path("surveys/<slug:slug>/", subject_views.subjects, name="subjects"),
    path("surveys/<slug:slug>/subjects/<int:pk>/", subject_views.subject, name="subject"),
    path(
        "surveys/<slug:slug>/subjects/<int:pk>/light-curve.csv", subject_views.light_curve_csv, name="light-curve-csv"
    ),
    path("surveys/<slug:slug>/moc/", subject_views.moc_upload, name="moc-upload"),
    path("surveys/<slug:slug>/ingest/", ingest_views.ingest, name="ingest"),
    path("surveys/<slug:slug>/ingest/runs/", ingest_views.ingest_runs, name="ingest-runs"),
    path("surveys/<slug:slug>/ingest/start/", ingest_views.ingest_start, name="ingest-start"),
    path("surveys/<slug:slug>/ingest/<int:pk>/", ingest_views.ingest_run, name="ingest-run"),
    path("surveys/<slug:slug>/ingest/<int:pk>/progress/", ingest_views.ingest_progress, name="ingest-progress"),
    path("surveys/<slug:slug>/ingest/<int:pk>/problems.csv", ingest_views.ingest_problems, name="ingest-problems"),
    path("surveys/<slug:slug>/ingest/<int:pk>/cancel/", ingest_views.ingest_cancel, name="ingest-cancel"),
    path("surveys/<slug:slug>/settings/", survey_settings_views.survey_settings, name="survey-settings"),
    path("surveys/<slug:slug>/settings/delete/", survey_settings_views.survey_delete, name="survey-delete"),
    path("surveys/<slug:slug>/settings/members/", survey_settings_views.member_add, name="member-add"),
    path("surveys/<slug:slug>/settings/members/<int:pk>/", survey_settings_views.member_change, name="member-change"),
    path(
        "surveys/<slug:slug>/settings/members/<int:pk>/remove/",
        survey_settings_views.member_remove,
        name="member-remove",
    ),
    path("pixels/<int:subject>/<slug:checksum>.bin", subject_views.numbers, name="pixels"),
    path("pixels/<int:subject>/<slug:checksum>.png", subject_views.picture, name="picture"),
]
