"""Checks compose.yaml and everything it mounts, and that what is the user's own stays out of git."""

import json
import re
import subprocess

from ruamel.yaml import YAML


def load(path):
    text = path.read_text()
    return json.loads(text) if path.suffix == ".json" else YAML(typ="safe").load(text)


def mount(root, name, source):
    """What is mounted comes with the repository, and can be read as what it is."""
    path = root / source
    kinds = (".yml", ".yaml", ".json")
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*.*") if file.suffix in kinds)
    yield files, f"{name} mounts {source}, which is not there or empty"
    for file in files:
        try:
            load(file)
        except Exception as error:
            yield False, f"{file.relative_to(root)}: {error}"


def build(root, name, service):
    """Built here, unless a variable names an image, which is then pulled and never built."""
    variable = f"HEADLAG_{name.upper()}_IMAGE"
    yield service["image"] == f"${{{variable}:-localhost/headlag-{name}}}", f"{name} is {service['image']}"
    chosen = load(root / service["extends"]["file"])["services"]
    policies = {"built": "build", "built-elsewhere": "missing"}
    yield service["extends"]["service"] == f"built${{{variable}:+-elsewhere}}", f"{name} does not heed {variable}"
    yield {key: value["pull_policy"] for key, value in chosen.items()} == policies, f"policies are {chosen}"
    # What cannot be pulled would be built all the same, if its Dockerfile were there.
    nowhere = chosen["built-elsewhere"]["build"]["dockerfile"]
    yield not (root / nowhere).exists(), f"{nowhere} is there, and would be built"
    yield "dockerfile" not in service["build"], f"{name} is built also where {variable} names an image"
    stage = service["build"]["target"]
    stages = re.findall(r"^FROM \S+ AS (\S+)$", (root / "Dockerfile").read_text(), re.M)
    yield stage in stages, f"{name} is built from {stage}, which the Dockerfile does not have"
    for file in service["env_file"]:
        yield not file["required"], f"{name} does not start without {file['path']}"


# Each would lift a part of the confinement.
LIFTS = {"privileged", "cap_add", "devices", "device_cgroup_rules", "group_add", "pid", "ipc", "uts", "userns_mode",
         "cgroup", "cgroup_parent", "network_mode"}


def checked(root, name, service, volumes):
    lifted = sorted(LIFTS & set(service))
    yield not lifted, f"{name} has {', '.join(lifted)}, which lifts its confinement"
    started_again = service.get("restart") == "always" and service.get("stop_signal") == "SIGTERM"
    yield started_again, f"{name} is not started again after its end, or not after a reload"
    limits = service.get("logging", {}).get("options", {})
    yield {"max-size", "max-file"} <= set(limits), f"{name} has logs without a limit"
    yield service.get("read_only"), f"{name} can write to its root"
    yield service.get("cap_drop") == ["ALL"], f"{name} keeps capabilities"
    yield service.get("security_opt") == ["no-new-privileges:true"], f"{name} may gain privileges"
    yield re.fullmatch(r"[1-9]\d*:\d+", service.get("user", "")), f"{name} may run as root"
    yield "healthcheck" in service, f"{name} has no health check"
    if "build" in service:
        yield from build(root, name, service)
    else:
        # With the registry written out, without which Podman asks which one is meant.
        pinned = re.fullmatch(r"docker\.io/\w+/\w+:v?\d+\.\d+\.\d+", service["image"])
        yield pinned, f"{name} has an image without registry or pinned version: {service['image']}"
    for value in service.get("environment", {}).values():
        # podman-compose passes on what it does not know, and takes a variable's own line for its value.
        yield not re.search(r"\$\{\w+:?[-+]", value), f"{name} has a default in its environment: {value}"
    for port in service.get("ports", []):
        yield port.startswith("127.0.0.1:"), f"{name} is published beyond this host: {port}"
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            yield volume.endswith(":ro"), f"{name} may write to {source}"
            # Secrets come from the operator, or not at all.
            if not source.startswith("./secrets/"):
                yield from mount(root, name, source)
        else:
            yield source in volumes, f"{name} mounts {source}, which is not a volume"


def expectations(root):
    """What has to be true, each with what is wrong where it is not."""
    compose = load(root / "compose.yaml")
    # podman-compose passes it on literally, so nothing else uses it.
    chosen = re.findall(r"\$\{(\w+):?\+", json.dumps(compose))
    yield sorted(chosen) == ["HEADLAG_CHARTBOT_IMAGE", "HEADLAG_EXPORTER_IMAGE"], f"${{X:+Y}} is used of {chosen}"
    services = compose["services"]
    for name, service in services.items():
        yield from checked(root, name, service, compose["volumes"])
    # Enough for a chart of a year.
    yield "--storage.tsdb.retention.time=400d" in services["prometheus"]["command"], "Prometheus keeps no 400 days"
    published = sorted(name for name, service in services.items() if "ports" in service)
    yield published == ["alertmanager", "grafana", "prometheus"], f"published are {published}"
    needed = compose["configs"][services["exporter"]["configs"][0]]["file"]
    yield needed == "./config/headlag.yml", f"up needs {needed} instead of config/headlag.yml"
    # One that two read would restart both.
    env_files = sorted(file["path"] for service in services.values() for file in service.get("env_file", []))
    yield env_files == [".env", "config/exporter.env"], f"the env files are {env_files}"
    explained = re.findall(r"^#?(\w+)=", (root / ".env.example").read_text(), re.M)
    for variable in re.findall(r"\$\{(\w+)", json.dumps(compose)):
        yield variable in explained, f"{variable} is not explained in .env.example"
    ignored = (root / ".gitignore").read_text().split()
    for name, secret in compose["secrets"].items():
        yield secret["file"].startswith("./secrets/") and "/secrets" in ignored, f"{name} could be committed"
    for file in ("config/headlag.yml", "config/exporter.env", "config/web.yml", "compose.override.yaml", ".env"):
        found = subprocess.run(["git", "check-ignore", "-q", "--no-index", file], cwd=root)
        # 128: not a checkout.
        yield found.returncode != 1, f"{file} could be committed, or changed by git pull"


def problems(root):
    return [problem for holds, problem in expectations(root) if not holds]
