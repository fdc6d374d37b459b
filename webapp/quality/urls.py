from django.urls import path

from webapp.quality.views import decide_flag, quality_control, scan_now

urlpatterns = [
    path("", quality_control, name="quality-control"),
    path("<slug:workflow>/scan/", scan_now, name="quality-scan"),
    path("<slug:workflow>/<int:pk>/", decide_flag, name="quality-decide"),
]
