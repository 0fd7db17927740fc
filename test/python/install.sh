#!/usr/bin/env bash
# Installs what tests run in Python into build/python, once for each requirements.txt; says something only where that fails.
set -euo pipefail
cd "$(dirname "$0")/../.."

wanted=test/python/requirements.txt
folder=build/python
if cmp -s "$wanted" "$folder/requirements.txt"; then
  exit 0
fi
install() {
  python3 -m venv --clear "$folder" &&
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --requirement "$wanted" &&
    cp "$wanted" "$folder/requirements.txt"
}
output=$(install 2>&1) || { echo "$output" | tail -20; echo "What tests run in Python could not be installed ($wanted)."; exit 1; }
