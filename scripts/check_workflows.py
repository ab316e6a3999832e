"""Checks what workflows may do, and that nobody else can change what they run."""

import re

from ruamel.yaml import YAML


def problems(root):
    for file in sorted((root / ".github/workflows").glob("*.yml")):
        text = file.read_text()
        workflow = YAML(typ="safe").load(text)
        # A job that may do more has permissions of its own.
        if workflow.get("permissions") != {"contents": "read"}:
            yield f"{file.name}: the permissions of the whole workflow are not contents: read"
        for name, part in [("the whole workflow", workflow), *workflow["jobs"].items()]:
            if re.search(r"github\.token|secrets\.", str(part.get("env"))):
                yield f"{file.name}: {name} has a token in its environment; give it to the steps that use it"
        # A tag can be moved to other code, a commit cannot.
        for action in re.findall(r"\buses:\s*([^\s#]+)", text):
            if not (action.startswith("./") or re.search(r"@[0-9a-f]{40}$", action)):
                yield f"{file.name}: {action} is not pinned to a commit"
