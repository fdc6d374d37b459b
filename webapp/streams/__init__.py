"""Streams: alerts of a Kafka topic become subjects as they come; what was refused, and how far behind the site is.

May import archive and queue. Only the command that listens needs confluent-kafka (the extra `streams`).
"""
