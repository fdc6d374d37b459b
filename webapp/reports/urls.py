from django.urls import path

from webapp.reports.views import (
    report,
    report_delete,
    report_draft,
    report_file,
    report_remove,
    report_settings,
    report_sign,
    reports,
)

urlpatterns = [
    path("", reports, name="reports"),
    path("draft/", report_draft, name="report-draft"),
    path("settings/", report_settings, name="report-settings"),
    path("<int:pk>/", report, name="report"),
    path("<int:pk>/sign/", report_sign, name="report-sign"),
    path("<int:pk>/delete/", report_delete, name="report-delete"),
    path("<int:pk>/tracklets/<int:tracklet>/remove/", report_remove, name="report-remove"),
    path("<int:pk>/report.<str:kind>", report_file, name="report-file"),
]
