from django.urls import path

from webapp.review.views.browser import browser, browser_csv, first_browser, histogram_csv
from webapp.review.views.calibration import calibration, calibration_csv
from webapp.review.views.looking_back import look_back, looking_back, looking_back_csv, versions
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
    path("<slug:workflow>/looking-back/", looking_back, name="looking-back"),
    path("<slug:workflow>/looking-back/versions/", versions, name="looking-back-versions"),
    path("<slug:workflow>/looking-back/now/", look_back, name="look-back"),
    path("<slug:workflow>/looking-back.csv", looking_back_csv, name="looking-back-csv"),
    path("<slug:workflow>/throughput/", throughput, name="throughput"),
    path("<slug:workflow>/throughput.csv", throughput_csv, name="throughput-csv"),
]
