"""Reaches the servers: how Kafka, S3, Redis, metrics and logs are opened from settings."""
