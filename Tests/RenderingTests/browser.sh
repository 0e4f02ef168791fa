#!/usr/bin/env bash
# Looks at the golden pages in a real browser: nothing may be loaded, logged or run, no text may stand out of the page at 400
# and 1280 pixels, contrast is at least 4.5 to 1 in both colour schemes, every fold is reached from the keyboard. The tests
# compare the golden pages with what is rendered.
#
#   Tests/RenderingTests/browser.sh [PAGE.html…]
#
# With SYMBOLIST_SCREENSHOTS=FOLDER it leaves a picture of each. Needs chromium and python3.
set -euo pipefail
cd "$(dirname "$0")"
if [ $# = 0 ]; then set -- Golden/*.html; fi
exec python3 browser.py "$@"
