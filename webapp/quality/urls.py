from django.urls import path

from webapp.quality.views import trust, trust_decide, trust_scan

urlpatterns = [
    path("", trust, name="trust"),
    path("<slug:workflow>/scan/", trust_scan, name="trust-scan"),
    path("<slug:workflow>/<int:pk>/", trust_decide, name="trust-decide"),
]
