"""Checks what no compiler does: compose.yaml and everything it mounts, the dashboards, the words of
texts, and what workflows run.

Run with a Python that has ruamel.yaml (check-jsonschema brings it), from anywhere.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import check_pages
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
problems = []


def expect(truth, problem):
    if not truth:
        problems.append(problem)


def load(path):
    text = path.read_text()
    return json.loads(text) if path.suffix == ".json" else YAML(typ="safe").load(text)


def check_mount(name, source):
    """What is mounted comes with the repository, and can be read as what it is."""
    path = ROOT / source
    kinds = (".yml", ".yaml", ".json")
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*.*") if file.suffix in kinds)
    expect(files, f"{name} mounts {source}, which is not there or empty")
    for file in files:
        try:
            load(file)
        except Exception as error:
            problems.append(f"{file.relative_to(ROOT)}: {error}")


def check_build(name, service):
    """Built here, unless a variable names an image, which is then pulled and never built."""
    variable = f"HEADLAG_{name.upper()}_IMAGE"
    expect(service["image"] == f"${{{variable}:-localhost/headlag-{name}}}", f"{name} is {service['image']}")
    chosen = load(ROOT / service["extends"]["file"])["services"]
    policies = {"built": "build", "built-elsewhere": "missing"}
    expect(service["extends"]["service"] == f"built${{{variable}:+-elsewhere}}", f"{name} does not heed {variable}")
    expect({key: value["pull_policy"] for key, value in chosen.items()} == policies, f"policies are {chosen}")
    # What cannot be pulled would be built all the same, if its Dockerfile were there.
    nowhere = chosen["built-elsewhere"]["build"]["dockerfile"]
    expect(not (ROOT / nowhere).exists(), f"{nowhere} is there, and would be built")
    expect("dockerfile" not in service["build"], f"{name} is built also where {variable} names an image")
    stage = service["build"]["target"]
    stages = re.findall(r"^FROM \S+ AS (\S+)$", dockerfile, re.M)
    expect(stage in stages, f"{name} is built from {stage}, which the Dockerfile does not have")
    for file in service["env_file"]:
        expect(not file["required"], f"{name} does not start without {file['path']}")


def check_service(name, service):
    expect(service.get("read_only"), f"{name} can write to its root")
    expect(service.get("cap_drop") == ["ALL"], f"{name} keeps capabilities")
    expect("no-new-privileges:true" in service.get("security_opt", []), f"{name} may gain privileges")
    expect(re.fullmatch(r"[1-9]\d*:\d+", service.get("user", "")), f"{name} may run as root")
    expect("healthcheck" in service, f"{name} has no health check")
    if "build" in service:
        check_build(name, service)
    else:
        # With the registry written out, without which Podman asks which one is meant.
        pinned = re.fullmatch(r"docker\.io/\w+/\w+:v?\d+\.\d+\.\d+", service["image"])
        expect(pinned, f"{name} has an image without registry or pinned version: {service['image']}")
    for value in service.get("environment", {}).values():
        # podman-compose passes on what it does not know, and takes a variable's own line for its value.
        expect(not re.search(r"\$\{\w+:?[-+]", value), f"{name} has a default in its environment: {value}")
    for port in service.get("ports", []):
        expect(port.startswith("127.0.0.1:"), f"{name} is published beyond this host: {port}")
    for volume in service.get("volumes", []):
        source, target = volume.split(":")[:2]
        if source.startswith("."):
            expect(volume.endswith(":ro"), f"{name} may write to {source}")
            # Secrets come from the operator, or not at all.
            if not source.startswith("./secrets/"):
                check_mount(name, source)
        else:
            expect(source in compose["volumes"], f"{name} mounts {source}, which is not a volume")


def check_dashboard(file):
    for panel in load(file)["panels"]:
        if panel["type"] == "row":
            continue
        name = f"{file.name}: {panel.get('title') or panel['id']}"
        expect(panel.get("title") and panel.get("description"), f"{name} lacks a title or a description")
        expect(panel["fieldConfig"]["defaults"].get("unit"), f"{name} has no unit")
        for part in [panel, *panel["targets"]]:
            expect(part["datasource"]["uid"] == "${datasource}", f"{name} names a data source")


compose = load(ROOT / "compose.yaml")
dockerfile = (ROOT / "Dockerfile").read_text()
for name, service in compose["services"].items():
    check_service(name, service)
published = sorted(name for name, service in compose["services"].items() if "ports" in service)
expect(published == ["alertmanager", "grafana", "prometheus"], f"published are {published}")

needed = compose["configs"][compose["services"]["exporter"]["configs"][0]]["file"]
expect(needed == "./config/headlag.yml", f"up needs {needed} instead of config/headlag.yml")
# One that two read would restart both.
env_files = [file["path"] for service in compose["services"].values() for file in service.get("env_file", [])]
expect(sorted(env_files) == [".env", "config/exporter.env"], f"the env files are {env_files}")

cargo = (ROOT / "Cargo.toml").read_text()
# A build in Docker has to find all that Cargo.toml names.
context = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.M)
for member in re.findall(r'"(\S+)"', re.search(r"^members = \[(.*?)\]", cargo, re.M | re.S)[1]):
    manifest = f"{member}/Cargo.toml"
    found = any(manifest == path or manifest.startswith(f"{path}/") for path in context)
    expect(found, f".dockerignore keeps {manifest} from the build")
for base in re.findall(r"^FROM (\S+)", dockerfile, re.M):
    here = base in ("scratch", "image")
    expect(here or base.startswith("docker.io/"), f"the Dockerfile leaves the registry of {base} open")

ignored = (ROOT / ".gitignore").read_text().split()
for name, secret in compose["secrets"].items():
    expect(secret["file"].startswith("./secrets/") and "/secrets" in ignored, f"{name} could be committed")
for file in ("config/headlag.yml", "config/exporter.env", "config/web.yml", "compose.override.yaml", ".env"):
    found = subprocess.run(["git", "check-ignore", "-q", "--no-index", file], cwd=ROOT)
    # 128: not a checkout.
    expect(found.returncode != 1, f"{file} could be committed, or changed by git pull")
explained = re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.M)
for variable in re.findall(r"\$\{(\w+)", json.dumps(compose)):
    expect(variable in explained, f"{variable} is not explained in .env.example")

# Words that texts for users avoid, and what to write instead.
WORDING = {
    r"whoever": "anyone who",
    r"(is|are|was|were) told": "is reported, learns",
    r"mend(s|ed)?": "fix",
    r"tells?": "shows, reports",
}
dashboards = sorted((ROOT / "grafana/dashboards").glob("*.json"))
kinds = ("*.md", "docs/**/*.md", "*.yml", "rules/**/*.yml", "*.yaml", "*.toml", ".env.example", "config/*example*", "packaging/**/*", ".github/**/*")
texts = dashboards + [file for kind in kinds for file in sorted(ROOT.glob(kind)) if file.is_file()]
for file in texts:
    for number, line in enumerate(file.read_text().splitlines(), 1):
        for words, instead in WORDING.items():
            found = re.search(rf"\b{words}\b", line, re.I)
            expect(not found, f"{file.relative_to(ROOT)}:{number}: {found and found[0]!r}; write: {instead}")

for file in dashboards:
    check_dashboard(file)

workflows = sorted((ROOT / ".github/workflows").glob("*.yml"))
# A tag can be moved to other code, a commit cannot.
for file in workflows:
    for action in re.findall(r"\buses:\s*([^\s#]+)", file.read_text()):
        expect(action.startswith("./") or re.search(r"@[0-9a-f]{40}$", action), f"{file.name}: {action} is not pinned to a commit")

# What is repeated elsewhere: the version of headlag, and the compiler.
def check_repeated(what, pattern, original, files):
    for file in files:
        for found in re.findall(pattern, file.read_text(), re.M):
            expect(found == original, f"{file.relative_to(ROOT)}: {what} is {found}, not {original}")


version = re.search(r'^version = "(.*)"$', cargo, re.M)[1]
check_repeated("the version", r'^(?:version|appVersion): "?([^"\n]+)', version, [ROOT / "packaging/helm/Chart.yaml"])
check_repeated("the version", r"image\.version=(\S+)", version, [ROOT / "Dockerfile"])
check_repeated("the version", r"headlag-\$name:(\S+)", version, [ROOT / "README.md"])
compiler = re.search(r'^channel = "(.*)"$', (ROOT / "rust-toolchain.toml").read_text(), re.M)[1]
check_repeated("the compiler", r'^rust-version = "(.*)"$', compiler.rpartition(".")[0], [ROOT / "Cargo.toml"])
check_repeated("the compiler", r"\brust:(\d[\d.]*)", compiler, [ROOT / "Dockerfile", *workflows])

problems += check_pages.problems(ROOT)
for problem in problems:
    print(problem, file=sys.stderr)
print(f"services: {len(compose['services'])}, dashboards: {len(dashboards)}, problems: {len(problems)}")
sys.exit(1 if problems else 0)
