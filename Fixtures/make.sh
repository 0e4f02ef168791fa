#!/usr/bin/env bash
# Makes every committed fixture again.
set -euo pipefail
cd "$(dirname "$0")"
for script in */make.sh; do
    echo "== $script"
    "$script"
done
