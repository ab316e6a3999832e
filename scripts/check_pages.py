"""Checks what Markdown pages promise: links lead somewhere, and every dependency is explained."""

import json
import re
import subprocess

LINK = re.compile(r'\]\(([^()\s]+)\)|(?:src|href)="([^"]+)"')


def pages(root):
    """Every page of the repository, without what is downloaded or built."""
    skipped = {"target", ".tools", ".git", "dist", "node_modules"}
    return [file for file in sorted(root.rglob("*.md")) if not skipped & set(file.relative_to(root).parts)]


def prose(text):
    """The lines outside blocks of code, each with its number."""
    in_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            in_code = not in_code
        elif not in_code:
            yield number, line


def anchors(text):
    """The names of a page's headings, as GitHub makes them."""
    seen = {}
    for _, line in prose(text):
        if heading := re.match(r"#+ (.*)", line):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).strip().lower()
            name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
            count = seen[name] = seen.get(name, -1) + 1
            yield f"{name}-{count}" if count else name


def dead_links(root):
    for page in pages(root):
        for number, line in prose(page.read_text()):
            for link in LINK.findall(line):
                target = link[0] or link[1]
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                where = f"{page.relative_to(root)}:{number}"
                if not file.exists():
                    yield f"{where}: there is no {path}"
                elif anchor and anchor not in anchors(file.read_text()):
                    yield f"{where}: {path or page.name} has no heading #{anchor}"


def dependencies(root):
    """The names of all direct dependencies on crates of others."""
    for manifest in ("Cargo.toml", "scripts/fuzz/Cargo.toml"):
        command = ["cargo", "metadata", "--no-deps", "--format-version=1", "--manifest-path", root / manifest]
        listed = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        for package in json.loads(listed.stdout)["packages"]:
            yield from (each["name"] for each in package["dependencies"] if "path" not in each)


def unexplained_dependencies(root):
    _, _, section = (root / "ARCHITECTURE.md").read_text().partition("\n## Dependencies\n")
    rows = re.findall(r"^\| (`[^|]*`) \|", section, re.M)
    explained = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    used = set(dependencies(root))
    for name in sorted(used - explained):
        yield f"ARCHITECTURE.md: the dependency {name} has no line; say what it is there for"
    for name in sorted(explained - used):
        yield f"ARCHITECTURE.md: {name} has a line, but nothing depends on it"


def problems(root):
    return [*dead_links(root), *unexplained_dependencies(root)]
