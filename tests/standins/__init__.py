"""Stand-ins for the services at the other end of a copy: a Hub, and S3 servers."""
