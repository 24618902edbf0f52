#!/usr/bin/env bash
# Trains on several hosts that this one machine plays: network namespaces with host names and shared memory of their own.
#
#   scripts/try_hosts.sh [PYTHON]          HOSTS=3 RANKS=2 RATE=1gbit scripts/try_hosts.sh .venv/bin/python
#   scripts/try_hosts.sh --elastic [PYTHON [CASE...]]      ranks, daemons and hosts are lost; prints what came of it
#
# PYTHON (default: that of launch/'s environment) has dtrain and an MPI, whose mpirun starts the ranks: `dtrain launch
# --hosts`. It checks that the ranks of each host share memory and those of different hosts exchange slices, and that
# weights and losses are those of one process (DTRAIN_REDUCTION=bf16: nearly). RATE limits each link (tc tbf).
#
# --elastic (Open MPI 5): the weights must have the bits of one process, whatever was lost. Each line of the table: the
# case, what each loss of ranks cost until the others went on, the ranks at the end, the seconds from loss to end.
#
# Needs Linux, root and iproute2; without them it says so and ends with 0, since nothing was found to be wrong.
set -u

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
NET=10.77.0
elastic=
if [ "${1:-}" = --elastic ]; then
  elastic=1
  shift
  HOSTS=3
fi
hosts="${HOSTS:-2}"
ranks="${RANKS:-2}"

say() { printf 'try_hosts: %s\n' "$*" >&2; }
skip() { say "skipped: $*"; exit 0; }

# on_host I COMMAND...: runs a command on a host, with a name and a /dev/shm that are the host's own.
on_host() {
  local i="$1"
  shift
  # shellcheck disable=SC2016 # the inner shell expands these
  ip netns exec "dth$i" unshare --uts --mount \
    bash -c 'hostname "dth$0" && mount -t tmpfs tmpfs /dev/shm && exec "$@"' "$i" "$@"
}

# As the remote shell of mpirun: try_hosts.sh --rsh [OPTION...] ADDRESS COMMAND...
if [ "${1:-}" = --rsh ]; then
  shift
  while case "${1:-}" in -*) true ;; *) false ;; esac; do shift; done
  address="$1"
  shift
  if [ -e "${TRY_HOSTS_FOLDER:-/nowhere}/gone.${address##*.}" ]; then
    say "no route to host $address"
    exit 255
  fi
  on_host "${address##*.}" bash -c "$*"
  exit
fi

down() {
  local i
  for i in $(seq "$hosts"); do
    # shellcheck disable=SC2046 # several pids, all of this trial
    kill -9 $(ip netns pids "dth$i") 2>/dev/null
    ip netns del "dth$i" 2>/dev/null
    ip link del "dthv$i" 2>/dev/null # the system takes its time to forget a namespace
  done
  ip link del dth 2>/dev/null
  rm -rf "${folder:-}"
}

up() {
  local i
  ip link add dth type bridge && ip link set dth up || return
  for i in $(seq "$hosts"); do
    ip netns add "dth$i" &&
      ip link add "dthv$i" type veth peer name eth0 netns "dth$i" &&
      ip link set "dthv$i" master dth up &&
      ip netns exec "dth$i" ip addr add "$NET.$i/24" dev eth0 &&
      ip netns exec "dth$i" ip link set eth0 up &&
      ip netns exec "dth$i" ip link set lo up || return
    if [ -n "${RATE:-}" ]; then
      tc qdisc add dev "dthv$i" root tbf rate "$RATE" burst 256kb latency 50ms &&
        ip netns exec "dth$i" tc qdisc add dev eth0 root tbf rate "$RATE" burst 256kb latency 50ms || return
    fi
  done
}

[ "$(uname)" = Linux ] || skip "network namespaces are Linux's"
[ "$(id -u)" = 0 ] || skip "making network namespaces needs root"
for tool in ip tc unshare; do command -v "$tool" >/dev/null || skip "there is no $tool (iproute2, util-linux)"; done
! ip link show dth >/dev/null 2>&1 || skip "the bridge dth is there already: another trial runs, or one was killed"

python="${1:-${DTRAIN_VENV:-$ROOT/.venv}/bin/python}"
"$python" -c 'import mpi4py' 2>/dev/null || { say "$python has no mpi4py. Run launch/local.sh once, or name another Python."; exit 2; }

folder="$(mktemp -d)"
trap down EXIT
trap 'exit 130' INT TERM
up || skip "this system does not let root make bridges and network namespaces (a container without CAP_NET_ADMIN?)"

cat >"$folder/train.py" <<'PY'
"""Trains, and writes losses and weights; the first argument names the file."""

import sys

from dtrain.distributed import is_main, prepare, world

prepare()

import socket

import numpy as np

import dtrain
from dtrain import layers

dtrain.utils.set_random_seed(1)
numbers = np.random.default_rng(0)
x, y = numbers.normal(size=(640, 50)).astype(np.float32), numbers.integers(0, 10, 640)
model = dtrain.Sequential(
    [
        dtrain.Input((50,)),
        layers.Dense(300, "relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.2),
        layers.Dense(10, "softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, batch_size=64, epochs=3, verbose=0, validation_split=0.2).history
names = sorted(set(world().allgather(socket.gethostname())))
if is_main():
    way = model._get_session().reduction.name
    print(f"{world().size} ranks on {', '.join(names)}, {world().name}: {way}", flush=True)
    weights = {str(k): w for k, w in enumerate(model.get_weights())}
    np.savez(sys.argv[1], hosts=len(names), way=way, **{f"log {k}": v for k, v in history.items()}, **weights)
PY

cat >"$folder/compare.py" <<'PY'
import sys

import numpy as np

one, many = np.load(sys.argv[1]), np.load(sys.argv[2])
hosts, way, most = int(sys.argv[3]), sys.argv[4], float(sys.argv[5])
assert int(many["hosts"]) == hosts, f"expected {hosts} hosts, found {many['hosts']}"
assert str(many["way"]) == way, f"expected the sum by {way!r}, found {many['way']!r}"
for name in one.files:
    if name not in ("hosts", "way"):
        distance = np.linalg.norm(many[name] - one[name]) / max(np.linalg.norm(one[name]), 1e-12)
        assert distance < most, f"{name} is not that of one process: {distance:.1e}"
PY

export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"
unset PRTE_MCA_rmaps_default_mapping_policy # with ":oversubscribe", Open MPI puts all ranks on the first host
# The two MPIs, told to use the remote shell above and the hosts' own network.
case "$("$python" -m mpi4py --mpi-lib-version 2>/dev/null | tr -d '\0')" in
  *"Open MPI"*)
    options="--prtemca plm_ssh_agent '$folder/rsh' --prtemca prte_if_include $NET.0/24 --mca btl_tcp_if_include $NET.0/24"
    options="$options --mca pml ob1 --mca btl self,tcp,sm" ;;
  *) options="-launcher ssh -launcher-exec '$folder/rsh' -iface eth0" ;;
esac
export TRY_HOSTS_FOLDER="$folder"
printf '#!/bin/sh\nexec "%s/scripts/try_hosts.sh" --rsh "$@"\n' "$ROOT" >"$folder/rsh"
chmod +x "$folder/rsh"
launch="from dtrain.cli.main import main; main()"

# -- elastic mode ------------------------------------------------------------------------------------------------------

cat >"$folder/elastic.py" <<'PY'
"""Trains, and writes the digest of what came of it; the first argument names a folder."""

import hashlib
import sys
import time
from pathlib import Path

from dtrain.distributed import is_main, prepare, world

prepare()

import numpy as np

import dtrain
from dtrain import layers
from dtrain.callbacks import Callback, TrainingCheckpoint

folder = Path(sys.argv[1])


class Pace(Callback):
    def on_train_batch_begin(self, batch, logs=None):
        time.sleep(0.05)
        if is_main() and self.model.optimizer.step_count >= 9:
            (folder / "struck").touch()  # from now on, what is done from outside may be done


dtrain.utils.set_random_seed(1)
numbers = np.random.default_rng(0)
x, y = numbers.normal(size=(320, 50)).astype(np.float32), numbers.integers(0, 10, 320)
model = dtrain.Sequential(
    [
        dtrain.Input((50,)),
        layers.Dense(100, "relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.2),
        layers.Dense(10, "softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
checkpoint = TrainingCheckpoint(folder / "states", every_steps=4)
history = model.fit(
    x, y, batch_size=32, epochs=3, verbose=0, validation_split=0.2, reproducible=True, resume=folder / "states",
    callbacks=[checkpoint, Pace()],
)
weights = b"".join(v.numpy().tobytes() for v in (*model.weights, *model.optimizer.variables))
digest = hashlib.sha256(weights + repr(history.history).encode()).hexdigest()
digests = world().allgather(digest)
assert len(set(digests)) == 1, digests
if is_main():
    (folder / "digest").write_text(digest)
    (folder / "size").write_text(str(world().size))
PY

# daemons I: the processes of mpirun on another host, the connection to it included.
daemons() {
  local pid
  for pid in $(ip netns pids "dth$1"); do
    case "$(tr '\0' ' ' <"/proc/$pid/cmdline")" in *prted\ *) printf '%s\n' "$pid" ;; esac
  done
}

# shellcheck disable=SC2046 # several pids
strike() {
  case "$1" in
    daemon) kill -9 $(daemons 2) ;;
    host) touch "$folder/gone.2" && kill -9 $(ip netns pids dth2) ;;
    cable) touch "$folder/gone.2" && ip link set dthv2 down ;;
  esac 2>/dev/null
}

# elastic_case NAME RANKS-OF-EACH-HOST LEFT DTRAIN_FAULT [daemon|host|cable]: false if it did not end as it should.
elastic_case() {
  local name="$1" left="$3" fault="$4" outside="${5:-}" job status places begin pauses size outcome=ok
  local own="$folder/$name"
  places="$(printf '%s\n' "$2" | tr , '\n' | awk -v net="$NET" '{ print net "." NR ":" $1 }' | paste -sd, -)"
  mkdir "$own"
  on_host 1 env DTRAIN_FAULT="$fault" DTRAIN_HUNG_S=2 PRTE_MCA_plm_ssh_agent="$folder/rsh" \
    PRTE_MCA_oob_tcp_keepalive_time=2 PRTE_MCA_oob_tcp_keepalive_intvl=1 PRTE_MCA_oob_tcp_keepalive_probes=3 \
    timeout --kill-after=5 "${LIMIT_S:-120}" "$python" -c "$launch" launch --elastic --max-restarts 1 \
    --hosts "$places" --mpi-options "$options" elastic.py "$own" >"$own/out" 2>&1 &
  job=$!
  while [ ! -e "$own/struck" ] && kill -0 "$job" 2>/dev/null; do sleep 0.05; done
  begin="$(date +%s%N)"
  [ -z "$outside" ] || strike "$outside"
  wait "$job"
  status=$?
  pauses="$(sed -n 's/^dtrain: .* on, after \([0-9.]* s\).*/\1/p' "$own/out" | paste -sd, -)"
  size="$(cat "$own/size" 2>/dev/null)"
  [ "$status" = 0 ] || outcome="exit status $status"
  cmp -s "$own/digest" "$folder/digest" || outcome="$outcome, not the numbers of one process"
  [ "$size" = "$left" ] || outcome="$outcome, $left ranks expected"
  [ -z "$outside" ] || pauses="started again"
  rm -f "$folder"/gone.*
  ip link set dthv2 up
  awk -v name="$name" -v pauses="$pauses" -v size="$size" -v outcome="$outcome" -v ns="$(($(date +%s%N) - begin))" \
    'BEGIN { printf "%-24s %-22s %5s %6.1f s  %s\n", name, pauses, size, ns / 1e9, outcome }'
  [ "$outcome" = ok ] || { sed 's/^/    | /' "$own/out" | tail -n 30; return 1; }
}

try_elastic() {
  local name ranks left fault outside failed=0 tried=0
  case "$options" in *prtemca*) ;; *) skip "only Open MPI lets a job go on when a rank is lost" ;; esac
  "$python" elastic.py "$folder" >/dev/null || return
  printf '%-24s %-22s %5s %8s\n' case pause left "to end"
  while IFS='|' read -r name ranks left fault outside; do
    case " ${cases:-$name} " in *" $name "*) ;; *) continue ;; esac
    tried=$((tried + 1))
    elastic_case "$name" "$ranks" "$left" "$fault" "$outside" </dev/null || failed=$((failed + 1))
  done <<'CASES'
one-of-a-host|2,2|3|kill:rank=3,step=9,at=reduce|
the-only-one-of-a-host|2,1|2|kill:rank=2,step=9,at=compute|
rank-0|1,1,1|2|kill:rank=0,step=9,at=wait|
all-of-a-host|2,2|2|kill:rank=2,step=9; kill:rank=3,step=9|
all-of-the-first-host|2,2|2|kill:rank=0,step=9,at=update; kill:rank=1,step=9|
one-after-the-other|2,2,1|2|kill:rank=4,step=5; kill:rank=1,step=9; kill:rank=2,step=13|
stopped-alone|2,1|2|stop:rank=2,step=9,at=compute|
stopped-all-of-a-host|2,2|2|stop:rank=2,step=9; stop:rank=3,step=9|
daemon|2,1|3||daemon
host|2,1|2||host
cable|1,1,1|2||cable
CASES
  [ "$tried" -gt 0 ] || { say "there is no such case: ${cases}"; return 2; }
  [ "$failed" = 0 ] || { say "$failed of $tried cases did not end as they should"; return 1; }
  say "passed: the job went on in $tried of $tried cases, and ended with the bits of one process"
}

if [ -n "$elastic" ]; then
  cases="${*:2}"
  cd "$folder" && try_elastic
  exit
fi

# -- all ranks live ----------------------------------------------------------------------------------------------------

places="$(seq "$hosts" | sed "s/.*/$NET.&:$ranks/" | paste -sd, -)"
expected="slices between hosts"
[ "$ranks" = 1 ] || expected="shared memory and $expected"
distance=1e-4
[ "${DTRAIN_REDUCTION:-}" != bf16 ] || { expected="$expected, as bfloat16"; distance=0.05; }
cd "$folder" || exit
"$python" train.py one.npz || exit 1
on_host 1 env DTRAIN_REDUCTION="${DTRAIN_REDUCTION:-shared}" timeout --kill-after=5 "${LIMIT_S:-120}" \
  "$python" -c "$launch" launch --hosts "$places" --mpi-options "$options" train.py many.npz || exit 1
"$python" compare.py one.npz many.npz "$hosts" "$expected" "$distance" || exit 1
say "passed: $hosts hosts with $ranks ranks each give the numbers of one process"
