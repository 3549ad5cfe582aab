# Sourced by the commands beside it: where the repository is, and how its commands speak.
#
# What people should read goes to stderr: stdout belongs to the program that is run in the end.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs

# On a terminal long steps show their own progress; in a log they say one line when they are done.
on_terminal() { [[ -t 2 ]]; }

say() { printf 'braid: %s\n' "$*" >&2; }

die() {
  say "error: $*"
  exit 2
}

# Prints the comment at the top of the calling script as its help.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

now_ms() { date +%s%3N; }

# seconds_since START_MS -> "12.3"
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# with_limit SECONDS COMMAND...: kills the command and its children when it takes longer.
with_limit() {
  local seconds=$1 status=0
  shift
  if on_terminal; then
    timeout --foreground --kill-after=10 "$seconds" "$@" || status=$?
  else
    # Behind our back, so that being told to stop reaches it: bash would wait for it first.
    timeout --kill-after=10 "$seconds" "$@" &
    # shellcheck disable=SC2064  # the process of now
    trap "kill $! 2>/dev/null; wait $!; exit 143" INT TERM HUP
    wait $! || status=$?
    trap - INT TERM HUP
  fi
  if ((status == 124 || status == 137)); then
    say "gave up after $seconds s: $*"
  fi
  return "$status"
}

# run_step NAME SECONDS COMMAND...: runs a long step. On a terminal its output is shown, in a log
# it is kept in build/logs/NAME.log and only its end is printed, and only if the step fails.
run_step() {
  local name=$1 seconds=$2 status=0 log
  shift 2
  mkdir -p "$logs"
  log=$logs/$name.log
  if on_terminal; then
    with_limit "$seconds" "$@" >&2 || status=$?
  else
    with_limit "$seconds" "$@" >"$log" 2>&1 </dev/null || status=$?
    if ((status != 0)); then
      say "$name failed (exit $status); the end of $log:"
      tail -n "${BRAID_LOG_LINES:-60}" "$log" >&2
    fi
  fi
  return "$status"
}

# Put before a command, runs it without address space randomisation where that can be had: the
# sanitizers of clang before 18 find no room for their shadow when a kernel randomises many bits.
unrandomized=()
if setarch "$(uname -m)" -R true 2>/dev/null; then
  # shellcheck disable=SC2034  # for those that source this
  unrandomized=(setarch "$(uname -m)" -R)
fi

# report_counts PASSED FAILED: leaves them for tools/test, which adds them up.
report_counts() {
  if [[ -n "${BRAID_COUNTS:-}" ]]; then
    printf '%d %d 0\n' "$1" "$2" >"$BRAID_COUNTS"
  fi
}
