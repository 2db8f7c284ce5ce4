"""A real SLURM of one node, started for the tests and stopped after them: no systemd, no accounting, no container.

Its configuration has to lie in /etc/slurm, since Snakemake's job step drops `SLURM_CONF`; a real one there is never
touched. Its GPUs are character devices that schedule like some and compute nothing.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

NEEDED = ("slurmctld", "slurmd", "sbatch", "squeue", "munged")
ETC = Path("/etc/slurm")
FILES = ("slurm.conf", "gres.conf")
GPUS = 2


def why_not() -> str:
    """Why no SLURM can be started here; empty if one can."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        return f"{', '.join(missing)} not installed (Debian: slurmctld slurmd slurm-client munge)"
    if os.geteuid() != 0:
        return "only root can start SLURM's daemons"
    _drop_stale_links()
    if taken := [str(ETC / name) for name in FILES if os.path.lexists(ETC / name)]:
        return f"{', '.join(taken)} is there already: a real SLURM is left alone"
    return ""


def _drop_stale_links() -> None:
    """Take out what a test run that was killed left behind: links into its directory, whose daemons are gone."""
    for link in (ETC / name for name in FILES):
        if link.is_symlink() and "pytest-" in str(link.readlink()):
            try:
                alive = Path("/proc", (link.readlink().parent / "slurmctld.pid").read_text().strip()).exists()
            except OSError:
                alive = False
            if not alive:
                link.unlink()


class Slurm:
    """One node with `cpus` cores and `GPUS` GPUs that are none, in the partitions `cpu` and `gpu`."""

    def __init__(self, home: Path, cpus: int = 4, memory_mb: int = 64000) -> None:
        self.home, self.host = home, socket.gethostname().split(".")[0]
        self.cpus, self.memory_mb, self.made_etc = cpus, memory_mb, False

    def start(self) -> None:
        """Start munged, slurmctld and slurmd; returns once the node is idle. Raises with their logs if it never is."""
        for name in ("state", "spool", "munge"):
            (self.home / name).mkdir(mode=0o755, parents=True)
        self._configure()
        key = self.home / "munge" / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        munge = self.home / "munge"
        self._daemon(
            "munged", "--force", f"--key-file={key}", f"--socket={munge / 'socket'}", f"--pid-file={munge / 'pid'}",
            f"--log-file={munge / 'log'}", f"--seed-file={munge / 'seed'}",
        )  # fmt: skip
        self._daemon("slurmctld", "-c")
        self._daemon("slurmd", "-N", self.host, "-c")
        until = time.monotonic() + 60
        while self.ask("sinfo", "-h", "-N", "-o", "%t").split() != ["idle", "idle"]:
            if time.monotonic() > until:
                logs = [p.read_text(errors="replace")[-3000:] for p in self.home.glob("*.log")]
                raise RuntimeError("the node never became idle:\n" + "\n".join(logs))
            time.sleep(0.2)

    def stop(self) -> None:
        """Cancel what runs, stop the daemons by their pid files, take the configuration out of /etc again."""
        if shutil.which("scancel") and (ETC / "slurm.conf").is_symlink():
            # The daemons are ended whatever becomes of their jobs.
            with contextlib.suppress(subprocess.SubprocessError):
                subprocess.run(["scancel", "--user=root"], capture_output=True, timeout=30)
                until = time.monotonic() + 30
                while self.ask("squeue", "-h").strip() and time.monotonic() < until:
                    time.sleep(0.5)
        for pid_file in ("slurmd.pid", "slurmctld.pid", "munge/pid"):
            self._end(self.home / pid_file)
        for name in FILES:
            if (ETC / name).is_symlink() and (ETC / name).readlink() == self.home / name:
                (ETC / name).unlink()
        if self.made_etc:
            ETC.rmdir()

    def ask(self, *command: str) -> str:
        """What a command of SLURM prints; empty while it fails."""
        run = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return run.stdout if run.returncode == 0 else ""

    def jobs(self, directory: Path, *states: str) -> list[str]:
        """Ids of the jobs that were sent from `directory` and wait or run, or are in one of `states`.

        Raises where SLURM does not answer: no answer is no empty queue.
        """
        command = ["squeue", "-h", "-o", "%i %Z", *(["--states", ",".join(states)] if states else [])]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        rows = [line.split(maxsplit=1) for line in run.stdout.splitlines()]
        return [job for job, path in rows if Path(path) == directory]

    def wait_for_job(self, state: str, directory: Path, seconds: float = 200) -> str:
        """The id of a job from `directory` that is in `state`, as `squeue` names it (`RUNNING`)."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found := self.jobs(directory, state):
                return found[0]
            time.sleep(0.2)
        raise RuntimeError(f"no job of {directory} was {state} within {seconds} s")

    def wait_until_none(self, directory: Path, seconds: float = 200) -> None:
        """Wait until no job from `directory` waits or runs."""
        until = time.monotonic() + seconds
        while self.jobs(directory):
            if time.monotonic() > until:
                raise RuntimeError(f"jobs of {directory} are left after {seconds} s")
            time.sleep(0.5)

    def _configure(self) -> None:
        for gpu in range(GPUS):
            subprocess.run(["mknod", str(self.home / f"fakegpu{gpu}"), "c", "1", "3"], check=True)
        (self.home / "gres.conf").write_text(f"Name=gpu File={self.home}/fakegpu[0-{GPUS - 1}]\n")
        lines = {
            "ClusterName": "test", "SlurmctldHost": f"{self.host}(127.0.0.1)", "SlurmUser": "root",
            "SlurmdUser": "root",
            "AuthType": "auth/munge", "AuthInfo": f"socket={self.home / 'munge' / 'socket'}", "CredType": "cred/munge",
            "StateSaveLocation": self.home / "state", "SlurmdSpoolDir": self.home / "spool",
            "SlurmctldPidFile": self.home / "slurmctld.pid", "SlurmdPidFile": self.home / "slurmd.pid",
            "SlurmctldLogFile": self.home / "slurmctld.log", "SlurmdLogFile": self.home / "slurmd.log",
            "ProctrackType": "proctrack/linuxproc", "TaskPlugin": "task/none", "MpiDefault": "none",
            # Once a second a job that has more memory than it asked for is killed.
            "JobAcctGatherType": "jobacct_gather/linux", "JobAcctGatherFrequency": "task=1",
            "JobAcctGatherParams": "OverMemoryKill", "AccountingStorageType": "accounting_storage/none",
            "SelectType": "select/cons_tres", "SelectTypeParameters": "CR_Core_Memory",
            "ReturnToService": 2, "SlurmdParameters": "config_overrides", "MinJobAge": 3600, "GresTypes": "gpu",
        }  # fmt: skip
        node = f"NodeName={self.host} NodeAddr=127.0.0.1 CPUs={self.cpus} RealMemory={self.memory_mb} Gres=gpu:{GPUS}"
        partitions = [
            f"PartitionName={p} Nodes={self.host} Default={d} MaxTime=INFINITE State=UP"
            for p, d in (("cpu", "YES"), ("gpu", "NO"))
        ]
        text = [f"{key}={value}" for key, value in lines.items()] + [f"{node} State=UNKNOWN", *partitions]
        (self.home / "slurm.conf").write_text("\n".join(text) + "\n")
        self.made_etc = not ETC.exists()
        ETC.mkdir(exist_ok=True)
        for name in FILES:
            (ETC / name).symlink_to(self.home / name)

    def _daemon(self, *command: str) -> None:
        with (self.home / f"{command[0]}.out.log").open("w") as out:
            subprocess.run(command, check=True, stdout=out, stderr=out, stdin=subprocess.DEVNULL, timeout=60)

    def _end(self, pid_file: Path) -> None:
        try:
            pid = int(pid_file.read_text())
            os.kill(pid, signal.SIGTERM)
            until = time.monotonic() + 15
            while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
                time.sleep(0.1)
        except (OSError, ValueError):
            pass
