"""Celery entry points, each a few lines: check, claim, call a room of the site."""
