"""Real S3 servers as processes, and the tests that need them (`make test-s3`)."""
