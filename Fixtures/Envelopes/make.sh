#!/bin/bash
# Makes the envelopes with sentry-sdk 2.75.0 from PyPI in a temporary environment.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$(mktemp -d)}
[ -d "$folder/v" ] || python3 -m venv "$folder/v"
"$folder/v/bin/pip" install -q sentry-sdk==2.75.0
"$folder/v/bin/python" "$here/make.py" "$here"
