from django.urls import path

from webapp.review.views.browser import browser, browser_csv, first_browser, histogram_csv
from webapp.review.views.calibration import calibration, calibration_csv
from webapp.review.views.throughput import throughput, throughput_csv
from webapp.review.views.votes import lines_csv, votes, votes_csv

urlpatterns = [
    path("", first_browser, name="consensus"),
    path("subjects/<int:pk>/", votes, name="subject-votes"),
    path("<slug:workflow>/", browser, name="consensus-browser"),
    path("<slug:workflow>/consensus.csv", browser_csv, name="consensus-csv"),
    path("<slug:workflow>/posterior.csv", histogram_csv, {"of": "posterior"}, name="posterior-csv"),
    path("<slug:workflow>/agreement.csv", histogram_csv, {"of": "agreement"}, name="agreement-csv"),
    path("<slug:workflow>/subjects/<int:pk>/votes.csv", votes_csv, name="votes-csv"),
    path("<slug:workflow>/subjects/<int:pk>/lines.csv", lines_csv, name="lines-csv"),
    path("<slug:workflow>/calibration/", calibration, name="calibration"),
    path("<slug:workflow>/calibration.csv", calibration_csv, name="calibration-csv"),
    path("<slug:workflow>/throughput/", throughput, name="throughput"),
    path("<slug:workflow>/throughput.csv", throughput_csv, name="throughput-csv"),
]
