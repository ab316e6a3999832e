"""The Helm chart as its tests see it: rendered by helm, which has to be in the PATH."""

import copy
import io
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "packaging/helm"
COMPONENTS = {"exporter": 9917, "chartbot": 9918}
# Everything that is needed, and nothing else.
SMALL = {
    "exporter": {
        "image": {"repository": "registry.example.org/headlag-exporter"},
        "config": {
            "networks": [
                {
                    "name": "polygon",
                    "protocol": "evm",
                    "references": ["https://polygon.example.org"],
                    "watched": [{"name": "my-node", "url": "http://10.0.0.5:8545"}],
                }
            ]
        },
    },
    "chartbot": {
        "image": {"repository": "registry.example.org/headlag-chartbot"},
        "existingSecret": "telegram",
        "allowedUsers": ["@operator"],
        "prometheusUrl": "http://prometheus:9090",
    },
}


def load(text):
    return YAML(typ="safe").load(text)


def as_written(text):
    """With every value as the text that it is in the file, as the exporter reads it."""
    return YAML(typ="base").load(text)


def load_all(text):
    return [document for document in YAML(typ="safe").load_all(text) if document]


FULL = load(CHART / "ci/full-values.yaml")


def changed(values, path, value):
    """The values with one of them, "exporter.image.tag", set."""
    values = copy.deepcopy(values)
    part = values
    *parents, key = path.split(".")
    for parent in parents:
        part = part.setdefault(parent, {})
    part[key] = value
    return values


def paths(values, prefix=""):
    """Every key of mappings in mappings, as "exporter.image.tag", and its value."""
    for key, value in values.items():
        yield prefix + key, value
        if isinstance(value, dict):
            yield from paths(value, f"{prefix}{key}.")


def leaves(value):
    """Everything in it that is neither a mapping nor a list."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def helm(*arguments, values=None):
    """Helm without the user's plugins, repositories and cluster."""
    text = io.StringIO()
    if isinstance(values, str):
        text.write(values)
    elif values is not None:
        YAML(typ="safe").dump(values, text)
    if values is not None:
        arguments += ("--values", "-")
    command = ["helm", *map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        own = {f"HELM_{kind}_HOME": f"{folder}/{kind}" for kind in ["CACHE", "CONFIG", "DATA"]}
        environment = os.environ | own | {"KUBECONFIG": os.devnull}
        return subprocess.run(command, input=text.getvalue(), capture_output=True, text=True, env=environment)


def render(values, release="headlag", chart=CHART):
    rendered = helm("template", release, chart, "--namespace", "monitoring", values=values)
    if rendered.returncode:
        raise AssertionError(rendered.stderr)
    return load_all(rendered.stdout)


def refusal(values):
    refused = helm("template", "headlag", CHART, values=values)
    if refused.returncode == 0:
        raise AssertionError("helm accepts these values")
    return refused.stderr


def of_kind(objects, kind):
    return {it["metadata"]["name"]: it for it in objects if it["kind"] == kind}


def pod(objects, component, release="headlag"):
    return of_kind(objects, "Deployment")[f"{release}-{component}"]["spec"]["template"]


def container(objects, component):
    (only,) = pod(objects, component)["spec"]["containers"]
    return only


def sources(objects, component):
    """Where the files of a pod come from, by the name of the volume."""
    volumes = {it["name"]: it["projected"]["sources"] for it in pod(objects, component)["spec"]["volumes"]}
    return {name: source for name, (source,) in volumes.items()}


def secret_files(objects, component):
    """The Secrets whose keys a pod has as files."""
    return {it["secret"]["name"] for it in sources(objects, component).values() if "secret" in it}


class Chart(unittest.TestCase):
    """A test of what everything, and what only the necessary, renders to."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.full = render(FULL)
        cls.small = render(SMALL)
