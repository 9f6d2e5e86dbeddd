# slurm_cluster.sh -- sourced: a Slurm of one node on this machine's loopback, for a test.
#
#     slurm_start DIR    starts slurmctld and slurmd with their files in DIR; sets SLURM_CONF. 77: it cannot run here,
#                        which is a failure (1) where COVM_NO_SKIP is set
#     slurm_stop         ends both, and whatever they still run
slurm_skip() {
    echo "SKIP: $*"
    [ -n "${COVM_NO_SKIP-}" ] && return 1
    return 77
}

slurm_start() {
    slurm=$1
    PATH=$PATH:/usr/sbin:/sbin
    for program in slurmctld slurmd sbatch squeue sinfo; do
        command -v $program >/dev/null || { slurm_skip "$program is not installed (package slurm-wlm)"; return; }
    done
    root=
    [ "$(id -u)" = 0 ] || root='sudo -n'
    $root true 2>/dev/null || { slurm_skip "slurmd has to be started as root"; return; }
    mkdir -p "$slurm/state" "$slurm/spool"
    node=$(slurmd -C | sed -n 's/^\(NodeName=.*\)$/\1/p')
    host=$(echo "$node" | sed 's/NodeName=\([^ ]*\).*/\1/')
    cat >"$slurm/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(slurm_free_port 20000)
SlurmdPort=$(slurm_free_port 30000)
AuthType=auth/none
CredType=cred/none
MpiDefault=none
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmUser=root
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdLogFile=$slurm/slurmd.log
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmctldTimeout=30
ReturnToService=2
$(echo "$node" | sed 's/ UpTime=.*//') NodeAddr=127.0.0.1 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
    export SLURM_CONF="$slurm/slurm.conf"
    $root slurmctld -c -f "$SLURM_CONF" && $root slurmd -f "$SLURM_CONF" || {
        slurm_skip "Slurm does not start: $(tail -n 2 "$slurm"/*.log)"
        return
    }
    tries=0
    until sinfo -h -o %T 2>/dev/null | grep -q idle; do
        tries=$((tries + 1))
        [ $tries -lt 60 ] || {
            slurm_stop
            slurm_skip "Slurm's node does not come up: $(tail -n 3 "$slurm"/*.log)"
            return
        }
        sleep 1
    done
}

slurm_stop() {
    for daemon in slurmctld slurmd; do
        [ -f "$slurm/$daemon.pid" ] && $root kill "$(cat "$slurm/$daemon.pid")" 2>/dev/null
    done
    $root pkill -f "slurmstepd.*" 2>/dev/null
    sleep 1
}

# A TCP port that nobody listens on, from the first number on.
slurm_free_port() {
    port=$(($1 + $$ % 5000))
    while grep -qi "$(printf ':%04X ' $port)" /proc/net/tcp; do port=$((port + 1)); done
    echo $port
}
