#!/usr/bin/env bash
# Trains a configuration on several hosts, named in a host file.
#
#   launch/hosts.sh HOSTFILE [-n N] CONFIG [section.key=value ...] [--resume]
#
# HOSTFILE has one host a line, with the number of ranks it takes, in Open MPI's or in MPICH's form; # starts a comment:
#
#   node1 slots=16        node1:16        node1        (no number: one rank)
#
# -n defaults to the sum of these numbers. Every host needs, at the same path, this folder and its environment (a shared
# file system does), and a login by ssh without a password from here.
# DTRAIN_MPI=openmpi|mpich|system chooses the MPI; launch/common.sh lists the other settings.
set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1:-}" in
  -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
  '' | -*) die "needs a host file first: launch/hosts.sh HOSTFILE [-n N] CONFIG ..." ;;
esac
[ -r "$1" ] || die "cannot read the host file $1."
hosts="$(read_hosts "$1")" || exit
shift

places="$(printf '%s\n' "$hosts" | awk '{ sum += $2 } END { print sum }')"
ranks="$places"
if [ "${1:-}" = -n ]; then
  ranks="$(positive -n "${2:-}")" || exit
  shift 2
fi
case "${1:-}" in '' | -* | *=*) die "needs a configuration after the host file: launch/hosts.sh HOSTFILE [-n N] CONFIG ..." ;; esac

set_up mpi
mpi_environment "$ranks" "$places"
start_on_hosts "$hosts" "$ranks" "$VENV/bin/dtrain" train "$@"
