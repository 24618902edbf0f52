#!/usr/bin/env bash
# Trains a configuration on the processes of this machine. Needs Python >= 3.11 and pip; makes the rest on the first run.
#
#   launch/local.sh [-n N] [CONFIG] [section.key=value ...] [--resume]
#
#   launch/local.sh                                     the quickstart on 2 processes: synthetic digits, no download
#   launch/local.sh -n 4 configs/mnist_cnn.toml         MNIST on 4 processes
#   launch/local.sh configs/mnist_mlp.toml train.epochs=3 optimizer.learning_rate=0.002
#
# CONFIG and the folder of the run are relative to where you are. The exit status is that of the job.
# DTRAIN_MPI=openmpi|mpich|system chooses the MPI; launch/common.sh lists the other settings.
set -u
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

ranks=2
while [ $# -gt 0 ]; do
  case "$1" in
    -n) ranks="$(positive -n "${2:-}")" || exit; shift 2 ;;
    -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
    *) break ;;
  esac
done

# Whatever comes first and is neither an override nor an option is the configuration.
case "${1:-}" in '' | -* | *=*) set -- "$ROOT/configs/quickstart.toml" "$@" ;; esac

set_up mpi
mpi_environment "$ranks"
exec "$MPIRUN" -n "$ranks" "$VENV/bin/dtrain" train "$@"
