"""Other supervisors, each set up for the fastest answer that its manual allows."""

import signal
import subprocess
import sys
from pathlib import Path

from supervisor import Service, Supervisor, Tools, asked, found, write_aside

VENVS = {  # folder below the peers' folder: what pip installs there
    "venv-supervisor": ["supervisor", "setuptools<81"],  # it imports pkg_resources
    "venv-circus": ["circus"],
    "venv-ncolony": ["ncolony==2024.1.11.74140", "twisted", "gather", "setuptools<81"],
}


def install_peers(folder: Path) -> None:
    """Make the virtual environments of the peers that are Python programs."""
    for name, packages in VENVS.items():
        print(f"{folder / name}: {' '.join(packages)}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder / name], check=True)
        pip = [str(folder / name / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *packages], check=True)
    print("The others are Debian packages: apt-get install s6 runit")


class Supervisord(Supervisor):
    """supervisord, a file a program, changes by supervisorctl."""

    key = "supervisord"
    title = "supervisord"
    install = "bench/run.py --install-peers"

    @classmethod
    def program(cls, tools: Tools, name: str) -> str | None:
        """One of its programs: the peers' folder goes before PATH."""
        return found(tools.peers / "venv-supervisor" / "bin" / name) or found(name)

    @classmethod
    def version(cls, tools: Tools) -> str | None:
        program = cls.program(tools, "supervisord")
        return asked(program, "--version") if program else None

    def prepare(self) -> None:
        text = f"""[supervisord]
nodaemon = true
logfile = {self.folder}/supervisord.log
pidfile = {self.folder}/supervisord.pid
childlogdir = {self.folder}
[unix_http_server]
file = {self.folder}/socket
[supervisorctl]
serverurl = unix://{self.folder}/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[include]
files = programs/*.conf
"""
        write_aside(self.folder / "supervisord.conf", text)

    def write(self, service: Service) -> None:
        text = f"[program:{service.name}]\ncommand = {service.command_line}\n"
        write_aside(self.folder / "programs" / f"{service.name}.conf", text)

    def _with_configuration(self, name: str) -> list[str]:
        program = self.program(self.tools, name) or name
        return [program, "-c", str(self.folder / "supervisord.conf")]

    def command(self) -> list[str]:
        return self._with_configuration("supervisord")

    def add(self, service: Service) -> None:
        self.write(service)
        self.tool(*self._with_configuration("supervisorctl"), "update")


class Circus(Supervisor):
    """circusd, a file a watcher, changes by circusctl."""

    key = "circus"
    title = "circus"
    install = "bench/run.py --install-peers"
    note = "looks for dead processes every 0.1 s (check_delay; as it comes: 5 s)"

    @classmethod
    def program(cls, tools: Tools, name: str) -> str | None:
        """One of its programs: the peers' folder goes before PATH."""
        return found(tools.peers / "venv-circus" / "bin" / name) or found(name)

    @classmethod
    def version(cls, tools: Tools) -> str | None:
        program = cls.program(tools, "circusd")
        return asked(program, "--version") if program else None

    def prepare(self) -> None:
        text = f"""[circus]
check_delay = 0.1
endpoint = ipc://{self.folder}/control
pubsub_endpoint = ipc://{self.folder}/events
include = watchers/*.ini
"""
        write_aside(self.folder / "circus.ini", text)

    def write(self, service: Service) -> None:
        text = f"[watcher:{service.name}]\ncmd = {service.command_line}\n"
        write_aside(self.folder / "watchers" / f"{service.name}.ini", text)

    def command(self) -> list[str]:
        return [self.program(self.tools, "circusd") or "circusd", str(self.folder / "circus.ini")]

    def add(self, service: Service) -> None:
        self.write(service)
        program = self.program(self.tools, "circusctl") or "circusctl"
        endpoint = f"ipc://{self.folder}/control"
        self.tool(program, "--endpoint", endpoint, "--timeout", "60", "reloadconfig")


class Directories(Supervisor):
    """A folder of links to service directories, each with a script `run`."""

    preamble = ""

    def write(self, service: Service) -> None:
        script = f"#!/bin/sh\n{self.preamble}exec {service.command_line}\n"
        write_aside(self.folder / "services" / service.name / "run", script, 0o755)
        link = self.folder / "scan" / service.name
        if not link.is_symlink():
            link.symlink_to(self.folder / "services" / service.name)

    def prepare(self) -> None:
        (self.folder / "scan").mkdir()


class S6(Directories):
    """s6-svscan and a s6-supervise for each service."""

    key = "s6"
    title = "s6"
    install = "apt-get install s6"
    note = "run scripts report readiness, without which each restart waits for 1 s"
    preamble = "echo >&3\nexec 3>&-\n"

    @classmethod
    def version(cls, tools: Tools) -> str | None:
        if not found("s6-svscan"):
            return None
        return asked("dpkg-query", "-W", "-f", "${Version}", "s6") or "installed"

    def write(self, service: Service) -> None:
        write_aside(self.folder / "services" / service.name / "notification-fd", "3\n")
        super().write(service)

    def command(self) -> list[str]:
        return ["s6-svscan", "-c", "20000", str(self.folder / "scan")]

    def add(self, service: Service) -> None:
        self.write(service)
        self.tool("s6-svscanctl", "-a", self.folder / "scan")

    def change(self, service: Service) -> None:
        self.write(service)
        self.tool("s6-svc", "-r", self.folder / "scan" / service.name)


class Runit(Directories):
    """runsvdir and a runsv for each service."""

    key = "runit"
    title = "runit"
    install = "apt-get install runit"
    note = "holds 1000 services; looks for new ones every 5 s"
    most = 1000
    stop_signal = signal.SIGHUP  # TERM to each runsv, then exit

    @classmethod
    def version(cls, tools: Tools) -> str | None:
        if not found("runsvdir"):
            return None
        return asked("dpkg-query", "-W", "-f", "${Version}", "runit") or "installed"

    def command(self) -> list[str]:
        return ["runsvdir", "-P", str(self.folder / "scan")]

    def change(self, service: Service) -> None:
        self.write(service)
        self.tool("sv", "restart", self.folder / "scan" / service.name)
