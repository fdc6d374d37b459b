from django.urls import path

from webapp.operations.audit_views import audit_log
from webapp.operations.views import dismiss_failure, dismiss_failures, retry, status, take_back_dismissal, test_alerts

urlpatterns = [
    path("status/", status, name="status"),
    path("status/<str:kind>/<int:pk>/retry/", retry, name="job-retry"),
    path("status/<str:kind>/<int:pk>/dismiss/", dismiss_failure, name="failure-dismiss"),
    path("status/<str:kind>/<int:pk>/take-back/", take_back_dismissal, name="failure-take-back"),
    path("status/test-alerts/", test_alerts, name="alerts-test"),
    path("status/dismiss/", dismiss_failures, name="failures-dismiss"),
    path("audit-log/", audit_log, name="audit-log"),
]
