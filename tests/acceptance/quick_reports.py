"""Frequent reports of a worker's children, and looks for stopped ones if so told: for a worker that includes this."""

import os

from tasks import queue_report

queue_report.EVERY = 0.5
queue_report.LOOK_EVERY = float(os.environ.get("LOOK_EVERY", "600"))
