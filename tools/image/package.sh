#!/bin/sh
# Install the commands into a new environment at $1, with the pinned packages. Nothing is written there afterwards.
set -eu
cd "$(dirname "$0")/../.."
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
python3 -m venv "$build/venv"
"$build/venv/bin/pip" install --quiet --no-deps --require-hashes -r requirements/build.txt
"$build/venv/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$build" .
python3 -m venv "$1"
"$1/bin/pip" install --quiet --no-deps --require-hashes -r requirements/run.txt
"$1/bin/pip" install --quiet --no-deps "$build"/*.whl
"$1/bin/pip" check
"$1/bin/pip" uninstall --quiet --yes pip setuptools
