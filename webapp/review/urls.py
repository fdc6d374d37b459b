from django.urls import path

from webapp.review.browser_views import browser, browser_csv, first_browser, histogram_csv, histograms
from webapp.review.bulk_views import bulk, bulk_undo
from webapp.review.calibration_views import calibration, calibration_csv
from webapp.review.class_from_tag_views import class_from_tag
from webapp.review.desk_views import desk, desk_count, desk_subject
from webapp.review.overview_views import overview
from webapp.review.reanalysis_views import aggregation_versions, reanalysis, reanalysis_csv, start_reanalysis
from webapp.review.throughput_views import throughput, throughput_csv
from webapp.review.verdict_views import case, give, history, second_opinion, withdraw
from webapp.review.vote_views import lines_csv, votes, votes_csv

urlpatterns = [
    path("overview/", overview, name="overview"),
    path("review/", desk, name="review"),
    path("review/count/", desk_count, name="desk-count"),
    path("review/<slug:workflow>/<int:pk>/rule/", give, name="rule"),
    path("review/<slug:workflow>/<int:pk>/withdraw/", withdraw, name="withdraw"),
    path("review/<slug:workflow>/<int:pk>/second/", second_opinion, name="second-opinion"),
    path("review/<slug:workflow>/<int:pk>/case/", case, name="case"),
    path("review/<slug:workflow>/<int:pk>/history/", history, name="verdict-history"),
    path("review/<slug:workflow>/<int:pk>/subject.json", desk_subject, name="desk-subject"),
    path("review/<slug:workflow>/bulk/", bulk, name="bulk"),
    path("review/<slug:workflow>/bulk/undo/", bulk_undo, name="bulk-undo"),
    path("tags/<str:name>/class/", class_from_tag, name="class-from-tag"),
    path("consensus/", first_browser, name="consensus"),
    path("consensus/subjects/<int:pk>/", votes, name="subject-votes"),
    path("consensus/<slug:workflow>/", browser, name="consensus-browser"),
    path("consensus/<slug:workflow>/histograms/", histograms, name="histograms"),
    path("consensus/<slug:workflow>/consensus.csv", browser_csv, name="consensus-csv"),
    path("consensus/<slug:workflow>/posterior.csv", histogram_csv, {"of": "posterior"}, name="posterior-csv"),
    path("consensus/<slug:workflow>/agreement.csv", histogram_csv, {"of": "agreement"}, name="agreement-csv"),
    path("consensus/<slug:workflow>/subjects/<int:pk>/votes.csv", votes_csv, name="votes-csv"),
    path("consensus/<slug:workflow>/subjects/<int:pk>/lines.csv", lines_csv, name="lines-csv"),
    path("consensus/<slug:workflow>/calibration/", calibration, name="calibration"),
    path("consensus/<slug:workflow>/calibration.csv", calibration_csv, name="calibration-csv"),
    path("consensus/<slug:workflow>/reanalysis/", reanalysis, name="reanalysis"),
    path("consensus/<slug:workflow>/reanalysis/versions/", aggregation_versions, name="reanalysis-versions"),
    path("consensus/<slug:workflow>/reanalysis/now/", start_reanalysis, name="reanalysis-start"),
    path("consensus/<slug:workflow>/reanalysis.csv", reanalysis_csv, name="reanalysis-csv"),
    path("consensus/<slug:workflow>/throughput/", throughput, name="throughput"),
    path("consensus/<slug:workflow>/throughput.csv", throughput_csv, name="throughput-csv"),
]
