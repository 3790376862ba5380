#!/bin/sh
# Build kubeconform and kustomize into the folder $1: the versions, and the checksums, of tools/go.mod and tools/go.sum.
set -eu
cd "$(dirname "$0")/.."
version=$(go list -m -f '{{.Version}}' github.com/yannh/kubeconform)
CGO_ENABLED=0 GOFLAGS=-mod=readonly GOBIN=$1 go install -trimpath -ldflags "-s -w -X main.version=$version" \
  github.com/yannh/kubeconform/cmd/kubeconform sigs.k8s.io/kustomize/kustomize/v5
