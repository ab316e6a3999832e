"""What the chart renders to fits Kubernetes and the Prometheus operator."""

import os
import re
from pathlib import Path

import jsonschema
import kubernetes_validate

from chart import CHART, FULL, ROOT, SMALL, Chart, helm, load, load_all, of_kind, render

# The oldest that Chart.yaml accepts, and the newest that there is a schema for.
KUBERNETES = ["1.25", kubernetes_validate.latest_version()]


def strict(schema):
    """The schema of a custom resource, which knows of no further keys where it names some."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: strict(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema["additionalProperties"] = False
    return schema


def custom_resources():
    """The schemas of the operator, by apiVersion and kind."""
    schemas = {}
    for name in ["prometheusrules", "servicemonitors"]:
        definition = load(Path(os.environ["OPERATOR_CRDS"]) / f"monitoring.coreos.com_{name}.yaml")["spec"]
        for version in definition["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            # Kubernetes' own, of which a custom resource names no keys.
            schema["properties"]["metadata"] = {"type": "object"}
            schemas[f"{definition['group']}/{version['name']}", definition["names"]["kind"]] = schema
    return schemas


def examples(page):
    """The manifests in a page of the documentation."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)
    return [it for block in blocks if "apiVersion:" in block for it in load_all(block)]


class Schemas(Chart):
    def test_lint(self):
        for values in [{}, SMALL, FULL]:
            linted = helm("lint", "--strict", CHART, values=values)
            self.assertEqual(linted.returncode, 0, linted.stdout + linted.stderr)

    def test_every_object_fits_its_schema(self):
        custom = custom_resources()
        objects = self.full + self.small + examples("docs/load-balancers.md")
        kinds = {it["kind"] for it in objects}
        self.assertLessEqual({"Deployment", "NetworkPolicy", "PrometheusRule", "ServiceMonitor", "StatefulSet"}, kinds)
        for it in objects:
            with self.subTest(kind=it["kind"], name=it["metadata"]["name"]):
                schema = custom.get((it["apiVersion"], it["kind"]))
                if schema:
                    # Not checked as a schema itself: it has patterns as Go writes them.
                    jsonschema.Draft202012Validator(schema).validate(it)
                else:
                    for version in KUBERNETES:
                        kubernetes_validate.validate(it, version, strict=True)

    def test_any_release_name_makes_valid_names(self):
        for release in ["x", "headlag", "prod-headlag-eu", "1", "a.b", "1.headlag", "a" * 53, "9" * 53]:
            objects = render(FULL, release)
            names = [(it["kind"], it["metadata"]["name"]) for it in objects]
            self.assertEqual(len(names), len(set(names)))
            services = [name for kind, name in names if kind == "Service"]
            self.assertEqual(len(services), 2)
            for name in services:
                # RFC 1035, which Kubernetes demands of Services alone.
                self.assertRegex(name, "^[a-z]([-a-z0-9]*[a-z0-9])?$")
                self.assertLessEqual(len(name), 63)
            for selector in [it["spec"]["selector"]["matchLabels"] for it in of_kind(objects, "Deployment").values()]:
                self.assertEqual(selector["app.kubernetes.io/instance"], release)
