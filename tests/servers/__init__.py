"""Real S3 servers as processes, and tests that only they can answer (`make test-s3`)."""
