from django.urls import path

from webapp.known_objects.views import known_objects, known_objects_csv, match_now, match_rule_out

urlpatterns = [
    path("", known_objects, name="known-objects"),
    path("matches/<int:pk>/rule-out/", match_rule_out, name="known-match-rule-out"),
    path("match/", match_now, name="known-objects-match"),
    path("<str:show>.csv", known_objects_csv, name="known-objects-csv"),
]
