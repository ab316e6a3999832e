"""Checks that a build in Docker finds what Cargo.toml names, from which registry it begins, and with which
user and labels it ends."""

import re

USER = "USER 65532:65532"
LABELS = ["licenses=", "source=", "version=", "revision=$HEADLAG_REVISION"]


def problems(root):
    cargo = (root / "Cargo.toml").read_text()
    context = re.findall(r"^!(\S+)$", (root / ".dockerignore").read_text(), re.M)
    for member in re.findall(r'"(\S+)"', re.search(r"^members = \[(.*?)\]", cargo, re.M | re.S)[1]):
        manifest = f"{member}/Cargo.toml"
        if not any(manifest == path or manifest.startswith(f"{path}/") for path in context):
            yield f".dockerignore keeps {manifest} from the build"
    dockerfile = (root / "Dockerfile").read_text()
    for base in re.findall(r"^FROM (\S+)", dockerfile, re.M):
        if not (base in ("scratch", "image") or base.startswith("docker.io/")):
            yield f"the Dockerfile leaves the registry of {base} open"
    common = re.search(r"^FROM scratch AS image\n(.*?)^FROM ", dockerfile, re.M | re.S)[1]
    if not (f"\n{USER}\n" in common and len(re.findall(r"^USER ", dockerfile, re.M)) == 1):
        yield f"the Dockerfile has to say {USER} in the stage that both images share, and no other user"
    for label in LABELS:
        if f"org.opencontainers.image.{label}" not in common:
            yield f"the Dockerfile gives the images no label {label}"
