"""Celery tasks that need both torch and rows: train, evaluate and score models."""
