"""Filling S3 with the models' files."""
