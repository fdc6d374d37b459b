from django.urls import path

from webapp.figures.figure_views import figure_csv, figures, figures_data
from webapp.figures.injected_views import injected, injected_csv
from webapp.figures.motion_views import motion, motion_csv, neo_score_start, trail_distances_csv
from webapp.figures.night_views import completeness_csv, nights, nights_csv

urlpatterns = [
    path("subjects/<int:pk>/motion/", motion, name="motion"),
    path("subjects/<int:pk>/motion.csv", motion_csv, name="motion-csv"),
    path("subjects/<int:pk>/distances.csv", trail_distances_csv, name="trail-distances-csv"),
    path("subjects/<int:pk>/digest2/", neo_score_start, name="neo-score"),
    path("consensus/<slug:workflow>/nights/", nights, name="nights"),
    path("consensus/<slug:workflow>/nights.csv", nights_csv, name="nights-csv"),
    path("consensus/<slug:workflow>/completeness.csv", completeness_csv, name="completeness-csv"),
    path("consensus/<slug:workflow>/figures/", figures, name="figures"),
    path("consensus/<slug:workflow>/figures/points/", figures_data, name="figures-data"),
    path("consensus/<slug:workflow>/figures/<slug:name>.csv", figure_csv, name="figure-csv"),
    path("consensus/<slug:workflow>/injected/", injected, name="injected-movers"),
    path("consensus/<slug:workflow>/injected.csv", injected_csv, name="injected-movers-csv"),
]
