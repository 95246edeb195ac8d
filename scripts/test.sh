#!/bin/sh
# Runs the tests: `tiffin test [lint] [unit] [target] [fuzz] [qemu]`, all of them when none is named. `tiffin test qemu -k linux`
# hands what follows `qemu` to pytest. `tiffin test hostile`: the hostile guest alone, at ten times the length; `kills`: 10,000 kills of servers under load; `song`: ten minutes of music beside all who want the core. Every stage runs, whatever failed before; the last lines are the runners' own verdicts.
# `tiffin test coverage`, which is not among the "all", prints how much of each folder the unit tests reach.
# CI=true: clang-tidy on every file and 30 s for each fuzzer (TIFFIN_FUZZ_SECONDS), else 5.
set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root" || exit 1
. scripts/common.sh
export TIFFIN_ROOT="$root"
export TIFFIN_CACHE="${TIFFIN_CACHE:-$root/.cache}"
verdicts=$log_dir/verdicts.txt
failed=''

# shown LOG COMMAND...: on the terminal and in the log; the command's own exit status.
shown() {
    log=$log_dir/$1.log
    shift
    { "$@" 2>&1 < /dev/null; echo $? > "$log.status"; } | tee "$log"
    return "$(cat "$log.status")"
}

lint() { shown lint sh scripts/lint.sh; }

unit() {
    status=0
    shown bench-test /usr/bin/python3 -m pytest bench/bench_test.py -q -p no:cacheprovider || status=1
    tail -n 1 "$log_dir/bench-test.log" | sed 's/^/pytest: bench: /' >> "$verdicts"
    build host-asan all 'the unit tests, with sanitizers' || return 1
    ctest --preset host-asan --no-tests=error -j 2 > "$log_dir/ctest.log" 2>&1 || status=1
    grep -vE '^ *[0-9]+/[0-9]+ Test.* Passed |^ *Start ' "$log_dir/ctest.log"
    grep -E 'tests passed|tests failed|No tests' "$log_dir/ctest.log" | sed 's/^/ctest: /' >> "$verdicts"
    return $status
}

# text and rodata of the hypervisor, against the goal of first light.
size_budget() {
    elf=build/aarch64/hypervisor/tiffin.elf
    [ -e "$elf" ] || return 0
    aarch64-linux-gnu-size -A -d "$elf" | awk -v goal=65536 '
        $1 ~ /^\.(text|rodata|vectors|head|data\.rel\.ro|eh_frame)/ { total += $2 }
        END { printf "size: hypervisor text and rodata %d bytes, %d%% of the goal of 64 KiB\n", total, total * 100 / goal }' \
        >> "$verdicts"
}

target() {
    status=0
    build aarch64 all 'hypervisor and guests (GCC 12)' || status=1
    build aarch64-clang all 'hypervisor and guests (Clang 19)' || status=1
    size_budget
    [ $status = 0 ] && echo 'target: GCC 12 and Clang 19 build it without a warning' >> "$verdicts"
    return $status
}

# One fuzzer: what it found earlier and the committed corpus first, then new inputs for the time given.
fuzz_one() { # EXECUTABLE CORPUS SECONDS
    name=$(basename "$1")
    grown=build/fuzz/corpus/$name
    mkdir -p "$grown" build/fuzz/findings
    committed=$2
    [ -d "$committed" ] || committed=
    if "$1" -max_total_time="$3" -max_len=65536 -timeout=10 -print_final_stats=1 -artifact_prefix="build/fuzz/findings/$name-" \
        "$grown" $committed > "$log_dir/$name.log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log_dir/$name.log")
        echo "fuzz: $name: $runs inputs in $3 s, no findings"
    else
        tail -n 20 "$log_dir/$name.log" >&2
        echo "fuzz: $name: FAILED, see build/log/$name.log"
        return 1
    fi
}

fuzz() {
    build fuzz all 'the fuzzers' || return 1
    seconds=${TIFFIN_FUZZ_SECONDS:-5}
    [ -n "${CI:-}" ] && seconds=${TIFFIN_FUZZ_SECONDS:-30}
    rm -f "$log_dir"/fuzz-verdict.*
    status=0
    # Two at a time.
    while read -r executable corpus; do
        fuzz_one "$executable" "$corpus" "$seconds" > "$log_dir/fuzz-verdict.a" & first=$!
        second=
        if read -r executable corpus; then
            fuzz_one "$executable" "$corpus" "$seconds" > "$log_dir/fuzz-verdict.b" & second=$!
        fi
        wait "$first" || status=1
        [ -z "$second" ] || wait "$second" || status=1
        cat "$log_dir"/fuzz-verdict.* | tee -a "$verdicts"
        rm -f "$log_dir"/fuzz-verdict.*
    done < build/fuzz/fuzzers.txt
    return $status
}

qemu() {
    build host tool/tiffin 'the tool' && build aarch64 all 'the hypervisor and the sample guests' &&
        build aarch64-clang all 'the hypervisor and the sample guests (Clang 19)' || return 1
    sh scripts/fetch-guests.sh || return 1
    shown pytest /usr/bin/python3 -m pytest tests/qemu -n 2 -v -p no:cacheprovider "$@"
    status=$?
    tail -n 1 "$log_dir/pytest.log" | sed 's/^/pytest: /' >> "$verdicts"
    return $status
}

hostile() {
    TIFFIN_HOSTILE_OPERATIONS=${TIFFIN_HOSTILE_OPERATIONS:-10000000} && export TIFFIN_HOSTILE_OPERATIONS
    qemu -k hostile
}

kills() {
    TIFFIN_KILLS=${TIFFIN_KILLS:-10000} && export TIFFIN_KILLS
    qemu -k killed_at_random
}

song() {
    TIFFIN_LONG_SONG_SECONDS=${TIFFIN_LONG_SONG_SECONDS:-600} && export TIFFIN_LONG_SONG_SECONDS
    qemu -k minutes_of_music
}

coverage() {
    build coverage all 'the unit tests, counting lines' || return 1
    find build/coverage -name '*.gcda' -delete
    ctest --preset coverage -j 2 > "$log_dir/coverage.log" 2>&1 || { tail -n 20 "$log_dir/coverage.log" >&2; return 1; }
    /usr/bin/python3 scripts/coverage.py build/coverage
}

run_stage() {
    say "test: $1"
    stage_started=$(date +%s)
    "$@" || failed="$failed $1"
    say "test: $1 took $(($(date +%s) - stage_started)) s"
}

[ $# -gt 0 ] || set -- lint unit target fuzz qemu
for stage in "$@"; do
    case $stage in
    lint | unit | target | fuzz | coverage | hostile | kills | song) ;;
    qemu) break ;; # the rest is pytest's
    *) say "no test is called '$stage'; there are lint, unit, target, fuzz, qemu, hostile, kills, song and coverage"; exit 2 ;;
    esac
done
mkdir -p "$log_dir"
: > "$verdicts"

while [ $# -gt 0 ]; do
    stage=$1
    shift
    if [ "$stage" = qemu ]; then
        run_stage qemu "$@"
        break
    fi
    run_stage "$stage"
done

cat "$verdicts"
if [ -n "$failed" ]; then
    say "test: FAILED:$failed"
    exit 1
fi
say 'test: everything passed'
