from django.urls import path

from webapp.learning.comparison_views import compare, compare_changed, compare_csv
from webapp.learning.overview_views import (
    drift,
    freeze_test_set,
    overview,
    overview_runs,
    promote_checkpoint,
    rollback_champion,
    score_again,
    start,
)
from webapp.learning.run_views import cancel, epochs, epochs_csv, progress, run
from webapp.learning.scorer_views import evaluate, register, scorers
from webapp.learning.similar import similar

urlpatterns = [
    path("", overview, name="learning"),
    path("runs/", overview_runs, name="training-runs"),
    path("compare/", compare, name="compare"),
    path("compare/changed/", compare_changed, name="compare-changed"),
    path("compare/changed.csv", compare_csv, name="compare-csv"),
    path("drift/<slug:role>/", drift, name="drift"),
    path("similar/<int:pk>/", similar, name="similar"),
    path("scorers/", scorers, name="scorers"),
    path("scorers/register/", register, name="scorer-register"),
    path("scorers/<int:pk>/evaluate/", evaluate, name="scorer-evaluate"),
    path("start/", start, name="training-start"),
    path("rollback/<slug:role>/", rollback_champion, name="rollback"),
    path("score/<slug:role>/", score_again, name="score-again"),
    path("test-sets/<slug:kind>/freeze/", freeze_test_set, name="freeze"),
    path("checkpoints/<int:pk>/promote/", promote_checkpoint, name="promote"),
    path("runs/<int:pk>/", run, name="training-run"),
    path("runs/<int:pk>/progress/", progress, name="training-progress"),
    path("runs/<int:pk>/epochs.json", epochs, name="training-epochs"),
    path("runs/<int:pk>/epochs.csv", epochs_csv, name="training-epochs-csv"),
    path("runs/<int:pk>/cancel/", cancel, name="training-cancel"),
]
