"""Linking by page: detections of a night into tracklets, and tracklets across nights, proposed and then confirmed."""
