"""Checks that a build in Docker finds what Cargo.toml names, and from which registry its images come."""

import re


def problems(root):
    cargo = (root / "Cargo.toml").read_text()
    context = re.findall(r"^!(\S+)$", (root / ".dockerignore").read_text(), re.M)
    for member in re.findall(r'"(\S+)"', re.search(r"^members = \[(.*?)\]", cargo, re.M | re.S)[1]):
        manifest = f"{member}/Cargo.toml"
        if not any(manifest == path or manifest.startswith(f"{path}/") for path in context):
            yield f".dockerignore keeps {manifest} from the build"
    for base in re.findall(r"^FROM (\S+)", (root / "Dockerfile").read_text(), re.M):
        if not (base in ("scratch", "image") or base.startswith("docker.io/")):
            yield f"the Dockerfile leaves the registry of {base} open"
