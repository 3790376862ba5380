"""YAML in and out."""
