"""Checks that every panel of the dashboards explains itself, and shows the data source that was chosen."""

import json


def problems(root):
    for file in sorted((root / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            if panel["type"] == "row":
                continue
            name = f"{file.name}: {panel.get('title') or panel['id']}"
            if not (panel.get("title") and panel.get("description")):
                yield f"{name} lacks a title or a description"
            if not panel["fieldConfig"]["defaults"].get("unit"):
                yield f"{name} has no unit"
            for part in [panel, *panel["targets"]]:
                if part["datasource"]["uid"] != "${datasource}":
                    yield f"{name} names a data source"
