#!/usr/bin/env bash
# Trains a configuration in a PBS or Torque job:
#
#   qsub -v CONFIG=configs/mnist_cnn.toml launch/pbs.sh
#   qsub -l select=4:ncpus=16:mpiprocs=16 -v CONFIG=configs/mnist_cnn.toml,ARGS="train.epochs=5 --resume" launch/pbs.sh
#
# Submit it from the project's folder, after one run of launch/local.sh on the login node: computing nodes often have no network.
# With `module load` of the cluster's MPI in the job's environment, that MPI is used; DTRAIN_MPI chooses another.
#PBS -N dtrain
#PBS -l select=1:ncpus=4:mpiprocs=4
#PBS -l walltime=01:00:00
#PBS -j oe
set -u

# PBS runs a copy of this script from its spool folder, so its neighbours are found by where the job was submitted.
cd "${PBS_O_WORKDIR:?This script runs in a PBS job: qsub launch/pbs.sh}" || exit
# shellcheck source-path=SCRIPTDIR source=common.sh
. "${DTRAIN_ROOT:-$PWD}/launch/common.sh"

# PBS_NODEFILE names a host once for each of its ranks.
hosts="$(sort "$PBS_NODEFILE" | uniq -c | awk '{ print $2, $1 }')"
ranks="$(wc -l <"$PBS_NODEFILE" | tr -d ' ')"

# The cores that PBS grants to each rank: no scheduler but PBS knows them, and BLAS would else start one thread per core of the node.
if [ -n "${NCPUS:-}" ]; then
  per_node="$(printf '%s\n' "$hosts" | awk 'NR == 1 { print $2 }')"
  threads=$((NCPUS / per_node))
  put OPENBLAS_NUM_THREADS="$((threads > 0 ? threads : 1))" "cores per rank in this job"
fi

set_up mpi
mpi_environment "$ranks" "$ranks"
# ARGS holds several arguments, so it is split here on purpose.
# shellcheck disable=SC2086
start_on_hosts "$hosts" "$ranks" "$VENV/bin/dtrain" train "${CONFIG:-$ROOT/configs/quickstart.toml}" ${ARGS:-}
