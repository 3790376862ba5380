"""Compile one `models.yaml` into everything OpenShift AI needs to serve embedding and reranker models with vLLM."""
