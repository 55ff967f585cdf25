"""The example's files agree with each other, and with the checkout.

Nothing here needs a container, or a right that a user hasn't. What an engine or a cluster alone
can tell isn't tested.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from dockerfile import copy
from engine import CHECKOUT, COLONY, EXAMPLE, PROGRAMS
from example import compose, image, kubernetes

NAMES = sorted(path.name for path in (EXAMPLE / "config").iterdir())


def configured(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLE / "config" / name).read_text())
    return found


def pod() -> dict[str, Any]:
    found: dict[str, Any] = kubernetes()["Deployment"]["spec"]["template"]["spec"]
    return found


def pod_container() -> dict[str, Any]:
    (found,) = pod()["containers"]
    return dict(found)


def service() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]["colony"]
    return found


# The colony's files


def test_the_configuration_is_right() -> None:
    """``ncolony check`` finds nothing, but that the secret isn't on this machine."""
    files = [str(EXAMPLE / "config" / name) for name in NAMES]
    command = [sys.executable, "-m", "ncolony", "check", *files]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    for line in found.stdout.splitlines():
        assert line.endswith("env_from: warning: no file /run/secrets/colony/signing-key is here")


@pytest.mark.parametrize("name", NAMES)
def test_a_program_is_found_where_its_path_leads(name: str) -> None:
    """A process that has no PATH of its own finds what /bin and /usr/bin have."""
    found = configured(name)
    program = found["args"][0]
    path = image().env["PATH"] if "PATH" in found.get("env_inherit", ()) else found["env"]["PATH"]
    where = {
        "nginx": "/usr/sbin",
        "redis-server": "/usr/bin",
        "python3": f"{PROGRAMS}/bin",
        "sh": "/usr/bin",
    }
    assert where[program] in path.split(":")


def test_every_path_is_one_of_the_image() -> None:
    """What the files name is copied into the image, mounted, or below the one directory."""
    there = [COLONY, *[copy.target for copy in image().copies]]
    there += [secret["target"] for secret in service()["secrets"]]
    for name in NAMES:
        words = json.dumps(configured(name))
        for path in re.findall(r"/(?:srv|etc|run)/[\w./-]+", words):
            assert any(Path(path).is_relative_to(root) for root in there), f"{name}: {path}"
            app = Path(path)
            if app.is_relative_to("/srv/app"):
                assert (EXAMPLE / "app" / app.relative_to("/srv/app")).exists(), path


def test_the_sockets_are_those_that_nginx_asks() -> None:
    """The upstream's servers are the processes of the group ``web``."""
    text = (EXAMPLE / "nginx.conf").read_text()
    asked = set(re.findall(r"server unix:(\S+)", text))
    web = [name for name in NAMES if "web" in configured(name).get("group", ())]
    assert asked == {configured(name)["args"][-1] for name in web}
    for path in re.findall(r"(?:pid|_path)\s+(\S+);", text):
        assert path.startswith(f"{COLONY}/")


def test_nobody_may_take_longer_to_end_than_the_container_has() -> None:
    """The longest killtime is below each grace period, and nginx's own below its killtime."""
    longest_s = max(configured(name).get("killtime", 5) for name in NAMES)
    (pause,) = pod_container()["lifecycle"]["preStop"]["exec"]["command"][1:]
    assert longest_s + 2 <= int(service()["stop_grace_period"].removesuffix("s"))
    assert longest_s + int(pause) + 2 <= pod()["terminationGracePeriodSeconds"]
    text = (EXAMPLE / "nginx.conf").read_text()
    patience = re.search(r"worker_shutdown_timeout (\d+)s;", text)
    assert patience is not None
    assert int(patience[1]) < configured("nginx")["killtime"]


# The Dockerfile


def test_what_is_copied_is_in_the_checkout() -> None:
    """Sources of COPY, in both stages, are files of the checkout, or made by another stage."""
    built = image()
    names = [name for _, name, _ in built.stages]
    for base, _, lines in built.stages:
        assert base == "python:3.13-slim"
        for word, rest in lines:
            if word != "COPY":
                continue
            found = copy(rest)
            if found.stage is not None:
                assert found.stage in names
                continue
            for source in found.sources:
                assert (CHECKOUT / source).exists(), source


def test_the_wheel_is_built_from_what_is_copied() -> None:
    """All that pyproject.toml names for the wheel is in the stage that builds it."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    needed = {project["project"]["readme"], *project["project"]["license-files"]}
    needed |= set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
    needed |= {project["tool"]["hatch"]["version"]["path"], "pyproject.toml"}
    _, _, lines = image().stages[0]
    copied = [word for kind, rest in lines if kind == "COPY" for word in rest.split()[:-1]]
    for path in needed:
        assert any(Path(path).is_relative_to(source) for source in copied), path


def test_the_monitor_is_process_one_and_not_root() -> None:
    """The list form of ENTRYPOINT; a user's number that isn't 0; group 0 for OpenShift."""
    built = image()
    assert built.entrypoint[:4] == ("ncolony", "run", "--colony", COLONY)
    assert json.loads(built.entrypoint[built.entrypoint.index("--log") + 1]) == {
        "to": "monitor",
        "format": "json",
    }
    uid, _, gid = built.user.partition(":")
    assert int(uid) > 0
    assert gid == "0"
    assert built.env["NCOLONY_DIR"] == COLONY
    assert built.env["PATH"].split(":")[0] == f"{PROGRAMS}/bin"
    (owned,) = [
        rest
        for word, rest in built.stages[-1][2]
        if word == "RUN" and "install " in rest and "useradd" in rest
    ]
    assert f"--uid {uid} --gid {gid} " in owned
    assert f"--owner={uid} --group={gid} --mode=0775 {COLONY}" in owned


def test_no_service_is_started_by_the_build() -> None:
    """apt-get runs under a policy that refuses, and leaves no lists behind."""
    (line,) = [rest for _, rest in image().stages[-1][2] if "apt-get install" in rest]
    assert line.index("policy-rc.d") < line.index("apt-get")
    assert "--no-install-recommends nginx redis-server" in line
    assert "rm -rf /var/lib/apt/lists/*" in line


# Compose


def test_compose_gives_one_writable_directory() -> None:
    """A read-only root, a tmpfs for the colony and one for its logs, its configuration in it."""
    found = service()
    built = image()
    uid, _, gid = built.user.partition(":")
    assert found["read_only"] is True
    colony, logs = found["tmpfs"]
    assert colony.startswith(f"{COLONY}:uid={uid},gid={gid},mode=0770,size=")
    assert logs.startswith(f"{COLONY}/logs:uid={uid},gid={gid},mode=0750,size=")
    assert found["volumes"] == [f"./config:{COLONY}/config:ro"]
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["init"] is False
    build = found["build"]
    assert (EXAMPLE / build["context"] / build["dockerfile"]).samefile(EXAMPLE / "Dockerfile")


def test_compose_s_secrets_are_those_that_are_asked_for() -> None:
    """Each file of an ``env_from`` is mounted, from a file of the host that git doesn't see."""
    asked = {path for name in NAMES for path in configured(name).get("env_from", {}).values()}
    secrets = service()["secrets"]
    assert {secret["target"] for secret in secrets} == asked
    for secret in secrets:
        file = Path(compose()["secrets"][secret["source"]]["file"])
        assert file.name in (EXAMPLE / ".gitignore").read_text().split()


# Kubernetes


def test_kubernetes_selects_what_it_makes() -> None:
    """The labels, the port and the image agree."""
    found = kubernetes()
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels
    (port,) = pod_container()["ports"]
    assert found["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert pod_container()["livenessProbe"]["httpGet"]["port"] == port["name"]
    assert f"listen {port['containerPort']};" in (EXAMPLE / "nginx.conf").read_text()
    assert pod_container()["image"] == service()["image"]


def test_kubernetes_gives_least_power() -> None:
    """Not root, no capability, a read-only root, no account, a profile for system calls."""
    context = pod()["securityContext"]
    uid, _, gid = image().user.partition(":")
    assert context["runAsNonRoot"] is True
    assert (context["runAsUser"], context["runAsGroup"]) == (int(uid), int(gid))
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["automountServiceAccountToken"] is False
    assert pod_container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_kubernetes_mounts_what_the_colony_needs() -> None:
    """An emptyDir, the ConfigMap in it as a directory, and the secrets where they are read."""
    mounts = {mount["name"]: mount for mount in pod_container()["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}
    assert set(mounts) == set(volumes)
    for name, path in (("colony", COLONY), ("logs", f"{COLONY}/logs")):
        assert mounts[name]["mountPath"] == path
        assert "emptyDir" in volumes[name]
    assert mounts["config"]["mountPath"] == f"{COLONY}/config"
    assert "configMap" in volumes["config"]
    assert not any("subPath" in mount for mount in mounts.values())
    folder = Path(mounts["secrets"]["mountPath"])
    asked = {path for name in NAMES for path in configured(name).get("env_from", {}).values()}
    assert {Path(path).parent for path in asked} == {folder}
    said = (EXAMPLE / "kubernetes.yaml").read_text()
    for path in asked:
        assert f"--from-literal={Path(path).name}=" in said
    assert volumes["secrets"]["secret"]["secretName"] in said


def test_the_probes_ask_what_is_there() -> None:
    """Names of the readiness probe are processes; the liveness probe's page is nginx's own."""
    container = pod_container()
    status = ["ncolony", "status", "--quiet"]
    assert container["startupProbe"]["exec"]["command"] == status
    ready = container["readinessProbe"]["exec"]["command"]
    assert ready[:3] == status
    assert set(ready[3:]) < set(NAMES)
    path = container["livenessProbe"]["httpGet"]["path"]
    assert f"location = {path} {{" in (EXAMPLE / "nginx.conf").read_text()


@pytest.mark.parametrize("file", ["compose.yaml", "kubernetes.yaml"])
def test_no_key_is_there_twice(file: str) -> None:
    """PyYAML takes the last of two; Kubernetes refuses them."""

    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: Strict, node: yaml.MappingNode) -> dict[str, Any]:
        keys = [loader.construct_object(key) for key, _ in node.value]
        assert len(keys) == len(set(keys)), keys
        return yaml.SafeLoader.construct_mapping(loader, node, deep=True)

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    list(yaml.load_all((EXAMPLE / file).read_text(), Strict))
