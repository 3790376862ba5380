"""Artifacts: what a model's files are (lock), and getting them from the Hub into S3 (sync)."""
