"""Checks that texts for users avoid some words."""

import re

# Each with what to write instead.
WORDING = {
    r"whoever": "anyone who",
    r"(is|are|was|were) told": "is reported, learns",
    r"mend(s|ed)?": "fix",
    r"tells?": "shows, reports",
}
TEXTS = [
    "*.md", "docs/**/*.md", "*.yml", "rules/**/*.yml", "*.yaml", "*.toml", ".env.example", "config/*example*",
    "packaging/**/*", ".github/**/*", "grafana/dashboards/*.json",
]


def problems(root):
    for file in [file for kind in TEXTS for file in sorted(root.glob(kind)) if file.is_file()]:
        for number, line in enumerate(file.read_text().splitlines(), 1):
            for words, instead in WORDING.items():
                if found := re.search(rf"\b{words}\b", line, re.I):
                    yield f"{file.relative_to(root)}:{number}: {found[0]!r}; write: {instead}"
