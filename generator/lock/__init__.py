"""`models.lock.yaml`: what the Hub says of each model, and edits of the catalog."""
