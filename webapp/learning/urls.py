from django.urls import path

from webapp.learning import (
    comparison_views,
    explanation_views,
    lineage_views,
    model_file_views,
    overview_views,
    run_views,
    scorer_views,
)
from webapp.learning.similar import similar

urlpatterns = [
    path("", overview_views.overview, name="learning"),
    path("runs/", overview_views.overview_runs, name="training-runs"),
    path("lineage/", lineage_views.lineage, name="lineage"),
    path("compare/", comparison_views.compare, name="compare"),
    path("compare/changed/", comparison_views.compare_changed, name="compare-changed"),
    path("compare/changed.csv", comparison_views.compare_csv, name="compare-csv"),
    path("compare/<int:pk>/score/", comparison_views.compare_score, name="compare-score"),
    path("compare/<slug:name>.csv", comparison_views.compare_points, name="compare-points"),
    path("drift/<slug:role>/", overview_views.drift, name="drift"),
    path("explanation/<int:pk>/", explanation_views.explanation, name="explanation"),
    path("explanation/<int:pk>/start/", explanation_views.explanation_start, name="explanation-start"),
    path("similar/<int:pk>/", similar, name="similar"),
    path("scorers/", scorer_views.scorers, name="scorers"),
    path("scorers/register/", scorer_views.register, name="scorer-register"),
    path("scorers/<int:pk>/evaluate/", scorer_views.evaluate, name="scorer-evaluate"),
    path("scorers/<int:pk>/revoke/", scorer_views.revoke, name="scorer-revoke"),
    path("import/", model_file_views.model_import, name="model-import"),
    path("checkpoints/<int:pk>/<str:name>", model_file_views.model_file, name="model-file"),
    path("start/", overview_views.start, name="training-start"),
    path("rollback/<slug:role>/", overview_views.rollback_champion, name="rollback"),
    path("score/<slug:role>/", overview_views.score_again, name="score-again"),
    path("first-batches/<int:pk>/retry/", overview_views.retry_first_batch, name="first-batch-retry"),
    path("test-sets/<slug:kind>/freeze/", overview_views.freeze_test_set, name="freeze"),
    path("checkpoints/<int:pk>/promote/", overview_views.promote_checkpoint, name="promote"),
    path("runs/<int:pk>/", run_views.run, name="training-run"),
    path("runs/<int:pk>/progress/", run_views.run, {"template": "learning/progress.html"}, name="training-progress"),
    path("runs/<int:pk>/epochs.json", run_views.epochs, name="training-epochs"),
    path("runs/<int:pk>/epochs.csv", run_views.epochs_csv, name="training-epochs-csv"),
    path("runs/<int:pk>/cancel/", run_views.cancel, name="training-cancel"),
]
