"""Operating the site: its state in words, figures for Prometheus, failed jobs, alerts to the site's administrators.

May import every room of the loop.
"""
