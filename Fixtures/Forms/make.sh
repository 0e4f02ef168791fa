#!/usr/bin/env bash
# Makes every form of debug information that the tests read, with its golden answers, in Made/.
#
#   make.sh [GROUP...]     all groups, or those named (make.sh split dwz); a group's other fixtures stay
#
# Each group below Groups/ makes programs from Sources/, proves that the form is really there (`proves`), and lists them with
# `fixture`. README.md says what each one is.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
forms=$PWD
sources=$forms/Sources
made=$forms/Made
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$made"
# shellcheck source=Tools/functions.sh
. Tools/functions.sh

groups=("$@")
if [ ${#groups[@]} = 0 ]; then
    groups=(versions less separate compressed dwz split linked machines swift odd)
    if command -v rustc >/dev/null; then
        groups+=(rust)
    else
        echo "no rustc: the Rust forms stay as they are" >&2
    fi
    find "$made" -mindepth 1 -maxdepth 1 ! -name 'rust*' -exec rm -rf {} +
fi
for group in "${groups[@]}"; do
    echo "-- $group"
    mkdir "$work/$group"
    cd "$work/$group"
    list=$made/$group.forms.jsonl
    : >"$list"
    # shellcheck disable=SC1090
    . "$forms/Groups/$group.sh"
done
"$python" "$forms/Tools/share.py" "$made"
du -sh "$made"
