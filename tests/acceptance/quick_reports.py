"""Frequent reports of a worker's children, slow if so told, and looks for stopped ones; for a worker to include."""

import os
import time

from tasks import queue_report

queue_report.EVERY = 0.5
queue_report.LOOK_EVERY = float(os.environ.get("LOOK_EVERY", "600"))
queue_report.close_old_connections = lambda: time.sleep(float(os.environ.get("REPORT_TAKES", "0")))
