#!/usr/bin/env bash
# Runs every test: the serial ones, then those that run inside each rank, on 2 and on 3 processes.
#
#   scripts/test.sh [pytest arguments]          scripts/test.sh -k conv          scripts/test.sh tests/ops
#
# Makes the environment on the first run, as launch/local.sh does. Each part has a time limit, so that a deadlock fails
# and does not hang: DTRAIN_TEST_LIMIT_S (default 900) seconds for the serial tests, half of it for each MPI part.
# DTRAIN_MPI=openmpi|mpich|system chooses the MPI; launch/common.sh lists the other settings.
set -u
# shellcheck source-path=SCRIPTDIR source=../launch/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../launch/common.sh"

case "${1:-}" in -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;; esac

limit_s="${DTRAIN_TEST_LIMIT_S:-900}"
ran=()
failed=()

# part NAME SECONDS COMMAND...
part() {
  local name="$1" seconds="$2" status
  shift 2
  say "---- $name"
  with_limit "$seconds" "$@"
  status=$?
  [ "$status" = 5 ] && name="$name (none selected)" && status=0 # pytest's status when it finds no test
  ran+=("$name")
  case "$status" in
    0) ;;
    124 | 137) failed+=("$name (no end within $seconds s)") ;;
    *) failed+=("$name (status $status)") ;;
  esac
  return "$status"
}

mpi_tests() {
  local ranks="$1" reports report
  shift
  reports="$(mktemp -d)"
  part "MPI tests on $ranks processes" $((limit_s / 2)) \
    "$MPIRUN" -n "$ranks" "$VENV/bin/python" scripts/mpi_pytest.py "$reports" "$@" \
    || for report in "$reports"/*; do
      say "---- report of $(basename "$report" .txt)"
      cat "$report"
    done
  rm -rf "$reports"
}

list() { local IFS=,; printf '%s' "$*" | sed 's/,/, /g'; }

set_up mpi test
mpi_environment 4
cd "$ROOT" || exit
export PATH="$VENV/bin:$PATH" # tests that start mpirun or dtrain themselves find them there

part "serial tests" "$limit_s" "$VENV/bin/python" -m pytest -m "not mpi" "$@"
mpi_tests 2 "$@"
mpi_tests 3 "$@"

if [ ${#failed[@]} -gt 0 ]; then
  say "FAILED: $(list "${failed[@]}"). Ran: $(list "${ran[@]}")."
  exit 1
fi
say "passed: $(list "${ran[@]}")."
