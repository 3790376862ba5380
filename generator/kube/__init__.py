"""Kubernetes as data: the shapes of the objects we write, their identity, their quantities, their YAML."""
