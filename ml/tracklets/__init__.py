"""Tracklets: where and when their frames were seen, what their motion tells, and the two-step classifier."""
