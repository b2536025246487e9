"""Puts records in: finds drops in S3, reads them exactly once, and sends them on as raw chunks."""
