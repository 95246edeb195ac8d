#!/bin/sh
# Lint: include rules, layout of the source, names in Python, known mistakes. clang-tidy looks at every file in CI, at changed files otherwise.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root" || exit 1
. scripts/common.sh
failed=0

/usr/bin/python3 scripts/check-includes.py || failed=1
/usr/bin/python3 scripts/check-docs.py || failed=1
/usr/bin/python3 scripts/breakages.py --stale || failed=1
git ls-files -co --exclude-standard -- '*.py' | while read -r file; do [ -e "$file" ] && echo "$file"; done | xargs pyflakes3 || failed=1

sources() { git ls-files -co --exclude-standard -- '*.hpp' '*.cpp' | while read -r file; do [ -e "$file" ] && echo "$file"; done; }
unformatted=$(sources | xargs clang-format-19 --dry-run -Werror 2>&1 | sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: error:.*/\1/p' | sort -u)
if [ -z "$unformatted" ]; then
    echo "layout: $(sources | wc -l) files as .clang-format wants them"
else
    echo "$unformatted"
    echo 'layout: run clang-format-19 -i on the files above'
    failed=1
fi

# The fuzz build's commands are Clang's own, so clang-tidy reads them without a translation.
tidy_files() {
    if [ -n "${CI:-}" ]; then cat; else grep -Fx "$(git diff --name-only HEAD; git ls-files -o --exclude-standard)"; fi
}
[ -e build/fuzz/compile_commands.json ] ||
    alone fuzz step configure-fuzz 'configuring the fuzzers' cmake --preset fuzz || exit 1
tidied=$(sed -n 's|.*"file": "'"$root"'/\(.*\.cpp\)".*|\1|p' build/fuzz/compile_commands.json | sort -u | tidy_files)
if [ -z "$tidied" ]; then
    echo 'clang-tidy: no changed files'
elif echo "$tidied" | xargs -P 2 -n 1 clang-tidy-19 -p build/fuzz --quiet 2> /dev/null; then
    echo "clang-tidy: $(echo "$tidied" | wc -l) files, no findings"
else
    failed=1
fi
exit $failed
