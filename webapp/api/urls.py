from django.urls import include, path, register_converter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import DefaultRouter

from webapp.api.appeal_views import AppealViewSet
from webapp.api.archive_views import IngestRunViewSet, SubjectViewSet, SurveyViewSet
from webapp.api.classification_views import ClassificationsView, FavouriteView, FollowUpView, UndoView
from webapp.api.collection_views import CollectionViewSet
from webapp.api.detection_views import DetectionViewSet
from webapp.api.export_views import CatalogueName, CatalogueView, ExportName, ExportView
from webapp.api.group_views import GroupViewSet
from webapp.api.known_match_views import KnownMatchViewSet
from webapp.api.label_studio_views import HealthView, PredictView, SetupView, VersionsView, WebhookView
from webapp.api.learning_views import CheckpointViewSet, ScoreViewSet, TrainingRunViewSet
from webapp.api.report_candidate_views import ReportCandidateViewSet
from webapp.api.report_views import ReportViewSet
from webapp.api.ruling_views import CaseViewSet, RulingViewSet
from webapp.api.statistics_views import StatisticsView
from webapp.api.tag_views import SubjectTagView, TagsView
from webapp.api.talk_views import BoardViewSet, CommentViewSet, ThreadViewSet
from webapp.api.token_views import TokenView
from webapp.api.verdict_history_views import HistoryView
from webapp.api.workflow_views import ConsensusViewSet, NextView, WorkflowViewSet

register_converter(ExportName, "export")
register_converter(CatalogueName, "catalogue")

router = DefaultRouter()
router.include_format_suffixes = False
router.register("surveys", SurveyViewSet)
router.register("subjects", SubjectViewSet)
router.register("workflows", WorkflowViewSet)
router.register("consensus", ConsensusViewSet)
router.register("training-runs", TrainingRunViewSet)
router.register("checkpoints", CheckpointViewSet)
router.register("rulings", RulingViewSet)
router.register("cases", CaseViewSet)
router.register("reports", ReportViewSet)
router.register("ingest-runs", IngestRunViewSet)
router.register("known-matches", KnownMatchViewSet)
router.register("detections", DetectionViewSet)
router.register("talk/boards", BoardViewSet)
router.register("talk/threads", ThreadViewSet)
router.register("talk/comments", CommentViewSet)
router.register("groups", GroupViewSet)
router.register("collections", CollectionViewSet)
router.register("appeals", AppealViewSet)

app_name = "api"
urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    path("token/", TokenView.as_view(), name="token"),
    path("workflows/<slug:slug>/next/", NextView.as_view(), name="next"),
    path("workflows/<slug:slug>/exports/<export:name>", ExportView.as_view(), name="export"),
    path("surveys/<slug:slug>/exports/<catalogue:name>", CatalogueView.as_view(), name="catalogue"),
    path("classifications/", ClassificationsView.as_view(), name="classifications"),
    path("classifications/<uuid:pk>/undo/", UndoView.as_view(), name="undo"),
    path("classifications/<uuid:pk>/follow-up/", FollowUpView.as_view(), name="follow-up"),
    path("favourites/<int:subject>/", FavouriteView.as_view(), name="favourite"),
    path("subjects/<int:subject>/tags/<str:name>/", SubjectTagView.as_view(), name="subject-tag"),
    path("subjects/<int:subject>/history/", HistoryView.as_view(), name="history"),
    path("surveys/<slug:survey>/tags/", TagsView.as_view(), name="tags"),
    path("statistics/", StatisticsView.as_view(), name="statistics"),
    path("scores/", ScoreViewSet.as_view({"get": "list"}), name="scores"),
    path("report-candidates/", ReportCandidateViewSet.as_view({"get": "list"}), name="report-candidate-list"),
    path("label-studio/<slug:slug>/health", HealthView.as_view(), name="label-studio-health"),
    path("label-studio/<slug:slug>/setup", SetupView.as_view(), name="label-studio-setup"),
    path("label-studio/<slug:slug>/versions", VersionsView.as_view(), name="label-studio-versions"),
    path("label-studio/<slug:slug>/predict", PredictView.as_view(), name="label-studio-predict"),
    path("label-studio/<slug:slug>/webhook", WebhookView.as_view(), name="label-studio-webhook"),
    path("", include(router.urls)),
]
