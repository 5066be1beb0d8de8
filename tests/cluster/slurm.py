"""A real Slurm on this machine for as long as it is wanted: a controller, two nodes, a key.

    python -m tests.cluster.slurm sinfo
    python -m tests.cluster.slurm snakemake --workflow-profile workflow/profiles/slurm

starts it, runs the command with `SLURM_CONF` in its environment, and stops it again. All that it
writes is in a temporary folder, its ports are free ones of the loopback, and each daemon is a child
that the kernel stops if this process is killed. Needs root, and the Debian packages munge,
slurmctld, slurmd and slurm-client.

No accounts of jobs: they would take a database. Jobs that ended stay known to `squeue` for an hour.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

NODES = ("n1", "n2")
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "setpriv")
# daemons are installed where the path of a user does not look
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
PATIENCE = 20.0  # seconds until a daemon answers

CONF = """\
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={ports[0]}
AuthType=auth/munge
CredType=cred/munge
# a job that is started anew waits until the credentials of its first start are void
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdPidFile={folder}/%n.pid
SlurmdLogFile={folder}/%n.log
SlurmdSpoolDir={folder}/spool-%n
# no cgroups, no database, no mail
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MailProg=/bin/true
MpiDefault=none
SwitchType=switch/none
# jobs share nodes by what they ask for
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=2
# both nodes are this machine; one that is silent for half a minute is down, and its
# jobs start anew on another
SlurmdParameters=config_overrides
SlurmdTimeout=3
ReturnToService=2
JobRequeue=1
# what ended can be asked for, for as long as a run may take
MinJobAge=3600
KillWait=2
{nodes}
PartitionName=all Nodes={names} Default=YES State=UP
"""


def missing() -> str:
    """Return why no Slurm can be started here; empty where it can."""
    if os.geteuid() != 0:
        return "a Slurm is started by root alone"
    absent = [name for name in NEEDED if shutil.which(name, path=PATH) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


class Slurm:
    """A controller and its nodes, to be used with `with`.

    A node has as many processors as `cpus` says, by default those of the machine.

    Raises
    ------
    RuntimeError
        Where a daemon does not answer in time; its log is in the message.
    """

    def __init__(self, cpus: int | None = None) -> None:
        self.cpus = cpus or os.cpu_count() or 1
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.conf = self.folder / "slurm.conf"
        path = os.pathsep.join([str(self.folder / "bin"), PATH])
        self.environment = {**os.environ, "SLURM_CONF": str(self.conf), "PATH": path}
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        try:
            self._configure()
            self._munge()
            self._start("slurmctld", "slurmctld", "-D", "-c")
            for node in NODES:
                self.start_node(node)
            self._wait("the nodes", lambda: set(self.states().values()) == {"idle"})
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop daemons, steps and jobs at once; a step that was just about to begin, too."""
        for _attempt in range(20):
            own = self.processes()
            for process in own:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(own, timeout=1)
            if not own:
                break
        for daemon in self.daemons.values():
            daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_node(self, node: str) -> None:
        """Start the daemon of a node, for the first time or after it was killed."""
        self._start(node, "slurmd", "-D", "-N", node)

    def kill_node(self, node: str) -> None:
        """Take a node from the cluster as a power cut would: its daemon, and all that it ran.

        First those who would tell the controller how the others ended.
        """
        daemon = psutil.Process(self.daemons[node].pid)
        own = [process for process in self.processes() if self._runs_on(process, node)]
        for process in dict.fromkeys([daemon, *sorted(own, key=_is_job)]):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.daemons.pop(node).wait()

    def run(self, *command: str) -> str:
        """Return what a command says, one of Slurm's or another."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def states(self) -> dict[str, str]:
        """Return the state of each node: idle, mixed, allocated, down, with a star where silent."""
        return dict(line.split() for line in self.run("sinfo", "-hN", "-o", "%N %t").splitlines())

    def processes(self) -> list[psutil.Process]:
        """Return the daemons and what they started, and nothing else; not what has ended."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                known = process.environ().get("SLURM_CONF") == str(self.conf)
                if process.pid != os.getpid() and (known or self._steps(process)):
                    found.append(process)
        return found

    def _steps(self, process: psutil.Process) -> list[str]:
        """Return the sockets of a steps' guardian of ours; it writes over its environment."""
        if _is_job(process):
            return []
        sockets = [connection.laddr for connection in process.net_connections("unix")]
        return [path for path in sockets if path.startswith(f"{self.folder}/")]

    def _runs_on(self, process: psutil.Process, node: str) -> bool:
        with suppress(psutil.Error):
            ours = any(f"/spool-{node}/" in path for path in self._steps(process))
            return ours or process.environ().get("SLURMD_NODENAME") == node
        return False

    def _configure(self) -> None:
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(1 + len(NODES))]
        ports = [each.getsockname()[1] for each in sockets]
        for each in sockets:
            each.close()
        memory = psutil.virtual_memory().total // 2**20
        nodes = [
            f"NodeName={node} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={port}"
            f" CPUs={self.cpus} RealMemory={memory} State=UNKNOWN"
            for node, port in zip(NODES, ports[1:], strict=True)
        ]
        for name in ("state", "bin", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir()
        # within a job Snakemake's plugin takes all SLURM_… from the environment of srun
        srun = self.folder / "bin" / "srun"
        real = shutil.which("srun", path=PATH)
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={self.conf} exec {real} "$@"\n', encoding="utf-8")
        srun.chmod(0o755)
        self.conf.write_text(
            CONF.format(
                host=socket.gethostname(), folder=self.folder, ports=ports,
                nodes="\n".join(nodes), names=",".join(NODES),
            ),
            encoding="utf-8",
        )  # fmt: skip

    def _munge(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        files = {"key-file": key.name, "pid-file": "munge.pid", "seed-file": "munge.seed"}
        files |= {"socket": "munge.socket", "log-file": "munge.log"}
        self._start(
            "munged", "munged", "--foreground", "--force", "--num-threads=2",
            *[f"--{option}={self.folder / name}" for option, name in files.items()],
        )  # fmt: skip
        self._wait("munged", (self.folder / "munge.socket").exists)

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as said:
            self.daemons[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip

    def _wait(self, what: str, ready: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(RuntimeError):
                if ready():
                    return
            time.sleep(0.1)
        logs = [*self.folder.glob("*.out"), *self.folder.glob("*.log")]
        said = "\n".join(
            f"{log.name}:\n{log.read_text(errors='replace')[-2000:]}" for log in sorted(logs)
        )
        raise RuntimeError(f"{what}: no answer in {PATIENCE:g} s\n{said}")


def _is_job(process: psutil.Process) -> bool:
    """Tell jobs and their steps from those that watch over them and tell how they ended."""
    return bool(process.name() != "slurmstepd")


def main(command: list[str]) -> int:
    """Run a command on a Slurm that lasts as long as it."""
    if reason := missing():
        print(reason, file=sys.stderr)
        return 2
    # told to end, or its terminal gone, it stops what it started
    for told in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, signal.default_int_handler)
    with Slurm() as slurm:
        return subprocess.call(["setpriv", "--pdeathsig", "TERM", *command], env=slurm.environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
