"""Checks that texts for users and contributors avoid some words."""

import re
from pathlib import Path

# Each with what to write instead.
WORDING = {
    r"whoever": "anyone who",
    r"(is|are|was|were) told": "is reported, learns",
    r"mend(s|ed)?": "fix",
    r"tells?": "shows, reports",
    r"anew": "again, recreated",
}
TEXTS = [
    "*.md", "docs/**/*.md", "*.yml", "rules/**/*.yml", "*.yaml", "*.toml", ".env.example", "config/*example*",
    "packaging/**/*", ".github/**/*", "grafana/dashboards/*.json",
    "Dockerfile", "Makefile", "scripts/*", "scripts/installed/*", "scripts/fuzz/run",
]


def problems(root):
    files = {file for kind in TEXTS for file in root.glob(kind) if file.is_file()} - {Path(__file__).resolve()}
    for file in sorted(files):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            for words, instead in WORDING.items():
                if found := re.search(rf"\b{words}\b", line, re.I):
                    yield f"{file.relative_to(root)}:{number}: {found[0]!r}; write: {instead}"
