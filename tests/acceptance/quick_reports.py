"""Frequent reports of a worker's children: for a worker with `--include` of this module."""

from tasks import queue_report

queue_report.EVERY = 0.5
