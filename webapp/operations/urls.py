from django.urls import path

from webapp.operations.views import metrics, retry, status

urlpatterns = [
    path("status/", status, name="status"),
    path("status/<str:kind>/<int:pk>/retry/", retry, name="job-retry"),
    path("metrics/", metrics, name="metrics"),
]
