"""Puts records in: finds objects in S3 and carries their records to `raw`, exactly once."""
