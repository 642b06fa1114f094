#!/usr/bin/env bash
# A real SLURM cluster on one Debian machine, for tests: munge, slurmctld and four virtual nodes
# on loopback, without systemd. The first two nodes declare one GPU each over dummy devices.
#
#   cluster.sh up     install what is missing (root), start what is not running, print the nodes
#   cluster.sh down   stop everything by pid file; jobs first
#   . FOLDER/env.sh   afterwards, to use squeue, sbatch and snakemake with it
#
# Everything lies in CLUSTER_FOLDER. Set before the call, if the defaults do not suit:
CLUSTER_FOLDER=${CLUSTER_FOLDER:-/tmp/jacspec-slurm} # short: it holds sockets
CLUSTER_PORT=${CLUSTER_PORT:-17000}                  # first of 20 ports, loopback only
CLUSTER_ACCOUNTING=${CLUSTER_ACCOUNTING:-0}          # 1: MariaDB and slurmdbd, so that sacct works
NODES=4
GPU_NODES=2
GPUS_PER_NODE=1
CPUS_PER_NODE=4
MEGABYTES_PER_NODE=4000

set -euo pipefail
export LC_ALL=C SLURM_CONF=$CLUSTER_FOLDER/etc/slurm.conf

fail() {
    echo "cluster.sh: $*" >&2
    exit 1
}

running() { # PID_FILE
    [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null
}

wait_until() { # SECONDS COMMAND...
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.1
    done
}

install_packages() {
    local package wanted=(munge slurm-client slurmctld slurmd) missing=()
    [ "$CLUSTER_ACCOUNTING" = 1 ] && wanted+=(slurmdbd mariadb-server)
    for package in "${wanted[@]}"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || fail "root is needed to install: ${missing[*]}"
    command -v apt-get >/dev/null || fail "not a Debian machine: install by hand: ${missing[*]}"
    # A package must not start its service on the machine's own ports.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
        trap "rm -f $policy" EXIT
    fi
    {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${missing[@]}"
    } >"$CLUSTER_FOLDER/log/apt.log" 2>&1 ||
        fail "apt-get failed; the end of $CLUSTER_FOLDER/log/apt.log:
$(tail -5 "$CLUSTER_FOLDER/log/apt.log")"
}

write_configuration() {
    local node gpu
    mkdir -p "$CLUSTER_FOLDER"/{etc,log,pid,state,munge,devices,bin}
    for node in $(seq $NODES); do mkdir -p "$CLUSTER_FOLDER/spool/n$node"; done
    # slurmd accepts a link to /dev/null as the device of a GPU.
    for gpu in $(seq 0 $((GPUS_PER_NODE - 1))); do
        ln -sfn /dev/null "$CLUSTER_FOLDER/devices/gpu$gpu"
    done
    if [ ! -s "$CLUSTER_FOLDER/munge/munge.key" ]; then
        head -c 128 /dev/urandom >"$CLUSTER_FOLDER/munge/munge.key"
    fi
    chmod 400 "$CLUSTER_FOLDER/munge/munge.key"
    write_slurm_conf >"$SLURM_CONF"
    echo "NodeName=n[1-$GPU_NODES] Name=gpu Type=dummy" \
        "File=$CLUSTER_FOLDER/devices/gpu[0-$((GPUS_PER_NODE - 1))]" \
        >"$CLUSTER_FOLDER/etc/gres.conf"
    # Snakemake's job step drops every SLURM_* variable before it calls srun, SLURM_CONF too.
    cat >"$CLUSTER_FOLDER/bin/srun" <<CONF
#!/bin/sh
SLURM_CONF=$SLURM_CONF exec /usr/bin/srun "\$@"
CONF
    chmod 755 "$CLUSTER_FOLDER/bin/srun"
    cat >"$CLUSTER_FOLDER/env.sh" <<CONF
export SLURM_CONF=$SLURM_CONF
case ":\$PATH:" in
    *":$CLUSTER_FOLDER/bin:"*) ;;
    *) export PATH=$CLUSTER_FOLDER/bin:\$PATH ;;
esac
CONF
}

write_slurm_conf() {
    local host node gpus
    host=$(hostname -s)
    cat <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$CLUSTER_PORT
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
# cred_expire is also how long a requeued job waits; SLURM's default is 120 seconds.
AuthInfo=socket=$CLUSTER_FOLDER/munge/munge.socket,cred_expire=5
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory,CR_LLN
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=5
SlurmdParameters=config_overrides
ReturnToService=1
EnforcePartLimits=ALL
# Long enough for the tests to ask about finished jobs.
MinJobAge=3600
# On a busy machine, answers may take long; a node that gives none for so long is down.
MessageTimeout=60
SlurmctldTimeout=30
SlurmdTimeout=30
KillWait=5
InactiveLimit=0
Waittime=0
DefMemPerCPU=500
SlurmctldLogFile=$CLUSTER_FOLDER/log/slurmctld.log
SlurmdLogFile=$CLUSTER_FOLDER/log/slurmd.%n.log
SlurmctldPidFile=$CLUSTER_FOLDER/pid/slurmctld.pid
SlurmdPidFile=$CLUSTER_FOLDER/pid/slurmd.%n.pid
SlurmdSpoolDir=$CLUSTER_FOLDER/spool/%n
StateSaveLocation=$CLUSTER_FOLDER/state
JobCompType=jobcomp/filetxt
JobCompLoc=$CLUSTER_FOLDER/log/jobs.txt
GresTypes=gpu
CONF
    if [ "$CLUSTER_ACCOUNTING" = 1 ]; then
        cat <<CONF
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort=$((CLUSTER_PORT + 1))
AccountingStoragePass=$CLUSTER_FOLDER/munge/munge.socket
AccountingStorageTRES=gres/gpu
# So that wrong accounts and QoS are refused, as on most clusters.
AccountingStorageEnforce=associations,limits,qos
CONF
    fi
    for node in $(seq $NODES); do
        gpus=""
        [ "$node" -le $GPU_NODES ] && gpus=" Gres=gpu:dummy:$GPUS_PER_NODE"
        echo "NodeName=n$node NodeHostname=$host NodeAddr=127.0.0.1" \
            "Port=$((CLUSTER_PORT + 10 + node)) CPUs=$CPUS_PER_NODE" \
            "RealMemory=$MEGABYTES_PER_NODE$gpus State=UNKNOWN"
    done
    # Jobs of a busy machine may take longer than they ask for, but in the second partition.
    local limits="Nodes=n[1-$NODES] MaxTime=60 DefaultTime=10 State=UP"
    echo "PartitionName=main Default=YES OverTimeLimit=600 $limits"
    echo "PartitionName=punctual $limits"
}

start_munge() {
    local socket=$CLUSTER_FOLDER/munge/munge.socket
    if ! running "$CLUSTER_FOLDER/pid/munged.pid"; then
        rm -f "$socket" "$socket.lock"
        munged --force --key-file="$CLUSTER_FOLDER/munge/munge.key" --socket="$socket" \
            --pid-file="$CLUSTER_FOLDER/pid/munged.pid" \
            --log-file="$CLUSTER_FOLDER/log/munged.log" \
            --seed-file="$CLUSTER_FOLDER/munge/munge.seed" 2>>"$CLUSTER_FOLDER/log/munged.log"
    fi
    wait_until 60 sh -c "munge -n --socket '$socket' | unmunge --socket '$socket'" ||
        fail "munge does not answer: see $CLUSTER_FOLDER/log/munged.log"
}

sql() {
    mariadb --no-defaults --socket="$CLUSTER_FOLDER/mariadb.sock" -u root -e "$1"
}

start_accounting() {
    local data=$CLUSTER_FOLDER/mariadb user=()
    [ "$(id -u)" = 0 ] && user=(--user=root)
    if [ ! -d "$data/mysql" ]; then
        mariadb-install-db --no-defaults "${user[@]}" --datadir="$data" --skip-test-db \
            --auth-root-authentication-method=normal >"$CLUSTER_FOLDER/log/mariadb.log" 2>&1
    fi
    if ! running "$CLUSTER_FOLDER/pid/mariadb.pid"; then
        setsid -f mariadbd --no-defaults "${user[@]}" --datadir="$data" --skip-log-bin \
            --socket="$CLUSTER_FOLDER/mariadb.sock" --port=$((CLUSTER_PORT + 2)) \
            --bind-address=127.0.0.1 --pid-file="$CLUSTER_FOLDER/pid/mariadb.pid" \
            --log-error="$CLUSTER_FOLDER/log/mariadb.log" --innodb-buffer-pool-size=64M \
            --innodb-lock-wait-timeout=900 </dev/null >/dev/null 2>&1
    fi
    wait_until 120 sql 'SELECT 1' ||
        fail "MariaDB does not answer: see $CLUSTER_FOLDER/log/mariadb.log"
    sql "CREATE DATABASE IF NOT EXISTS slurm_acct_db;
        CREATE USER IF NOT EXISTS slurm@'127.0.0.1' IDENTIFIED BY 'slurm';
        CREATE USER IF NOT EXISTS slurm@localhost IDENTIFIED BY 'slurm';
        GRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1';
        GRANT ALL ON slurm_acct_db.* TO slurm@localhost;"
    (umask 077; cat >"$CLUSTER_FOLDER/etc/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$CLUSTER_FOLDER/munge/munge.socket
DbdHost=localhost
DbdPort=$((CLUSTER_PORT + 1))
SlurmUser=$(id -un)
LogFile=$CLUSTER_FOLDER/log/slurmdbd.log
PidFile=$CLUSTER_FOLDER/pid/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((CLUSTER_PORT + 2))
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
CONF
    )
    running "$CLUSTER_FOLDER/pid/slurmdbd.pid" || slurmdbd
    wait_until 120 sacctmgr -n -P list cluster ||
        fail "slurmdbd does not answer: see $CLUSTER_FOLDER/log/slurmdbd.log"
    # Each is refused if it exists already.
    sacctmgr -i -Q add cluster test >/dev/null || true
    sacctmgr -i -Q add account test Cluster=test >/dev/null || true
    sacctmgr -i -Q add user "$(id -un)" Account=test Cluster=test >/dev/null || true
}

all_nodes_ready() {
    [ "$(sinfo -h -N -t idle,mix,alloc -o %N | sort -u | wc -l)" = $NODES ]
}

start_slurm() {
    local node
    running "$CLUSTER_FOLDER/pid/slurmctld.pid" || slurmctld
    wait_until 120 sh -c "scontrol ping | grep -q 'is UP'" ||
        fail "slurmctld does not answer: see $CLUSTER_FOLDER/log/slurmctld.log"
    for node in $(seq $NODES); do
        running "$CLUSTER_FOLDER/pid/slurmd.n$node.pid" || slurmd -N "n$node"
    done
    # Nodes that a test set down; refused for nodes that are up.
    scontrol update nodename="n[1-$NODES]" state=resume 2>/dev/null || true
    wait_until 120 all_nodes_ready || fail "not all nodes came up:
$(sinfo -N -l)"
}

stop() { # PID_FILE...: TERM, KILL after 15 seconds
    local file pid pids=()
    for file in "$@"; do
        [ -s "$file" ] && pids+=("$(cat "$file")")
    done
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do
        wait_until 15 sh -c "! kill -0 $pid" || kill -KILL "$pid" || true
    done
    rm -f "$@"
}

up() {
    mkdir -p "$CLUSTER_FOLDER/log"
    # One cluster at a time installs.
    (flock 9 && install_packages) 9>/tmp/jacspec-slurm.lock
    write_configuration
    start_munge
    [ "$CLUSTER_ACCOUNTING" = 1 ] && start_accounting
    start_slurm
    sinfo -N -p main -o '%N %T %c CPUs %m MB %G'
    echo "now: . $CLUSTER_FOLDER/env.sh"
}

down() {
    # The processes of a job outlive the slurmd that started them, so jobs end first.
    if running "$CLUSTER_FOLDER/pid/slurmctld.pid"; then
        timeout 10 scancel --user="$(id -un)" || true
        wait_until 20 sh -c '[ -z "$(squeue -h)" ]' || echo "cluster.sh: jobs left behind" >&2
    fi
    stop "$CLUSTER_FOLDER"/pid/slurmd.*.pid
    stop "$CLUSTER_FOLDER/pid/slurmctld.pid"
    stop "$CLUSTER_FOLDER/pid/slurmdbd.pid"
    stop "$CLUSTER_FOLDER/pid/mariadb.pid"
    stop "$CLUSTER_FOLDER/pid/munged.pid"
}

case ${1:-} in
up | down) "$1" ;;
*) fail "usage: cluster.sh up|down" ;;
esac
