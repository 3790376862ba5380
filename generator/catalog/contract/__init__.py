"""The contract of `models.yaml`: what may be written. `make contract` writes the generated forms of it."""
