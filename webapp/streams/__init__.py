"""Streams: alerts of a Kafka topic or an HTTP API become subjects as they come; what was refused, and the lag.

May import archive and queue. Only the command that listens needs confluent-kafka (the extra `streams`).
"""
