"""A repository of one's own: its first files, and how a later version brings them up to date."""
