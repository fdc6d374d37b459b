from django.urls import path

from webapp.operations.audit_views import audit_log
from webapp.operations.views import retry, status

urlpatterns = [
    path("status/", status, name="status"),
    path("status/<str:kind>/<int:pk>/retry/", retry, name="job-retry"),
    path("audit-log/", audit_log, name="audit-log"),
]
