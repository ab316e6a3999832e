"""Checks that headlag's version and the compiler's are the same everywhere."""

import re


def differing(root, what, pattern, original, files):
    for file in files:
        for found in re.findall(pattern, file.read_text(), re.M):
            if found != original:
                yield f"{file.relative_to(root)}: {what} is {found}, not {original}"


def problems(root):
    cargo, dockerfile = (root / "Cargo.toml").read_text(), root / "Dockerfile"
    workflows = sorted((root / ".github/workflows").glob("*.yml"))
    version = re.search(r'^version = "(.*)"$', cargo, re.M)[1]
    compiler = re.search(r'^channel = "(.*)"$', (root / "rust-toolchain.toml").read_text(), re.M)[1]
    for what, pattern, original, files in [
        ("the version", r'^(?:version|appVersion): "?([^"\n]+)', version, [root / "packaging/helm/Chart.yaml"]),
        ("the version", r"image\.version=(\S+)", version, [dockerfile]),
        ("the version", r"headlag-\$name:(\S+)", version, [root / "README.md"]),
        ("the compiler", r'^rust-version = "(.*)"$', compiler.rpartition(".")[0], [root / "Cargo.toml"]),
        ("the compiler", r"\brust:(\d[\d.]*)", compiler, [dockerfile, *workflows]),
    ]:
        yield from differing(root, what, pattern, original, files)
