"""The values that README.md and docs/alerts.md show are those that the chart, and Alertmanager, take."""

import re
import subprocess
import tempfile
import textwrap
import unittest

from ruamel.yaml import YAML

from chart import ROOT, as_written, container, load, of_kind, render, secret_files


def values(page, start):
    """The one block of a page that begins with this line, as values."""
    text = (ROOT / page).read_text().replace("YOUR-ID", "1001")
    (block,) = re.findall(rf"^( *{start}\n.*?)^ *(?:```|END)$", text, re.M | re.S)
    return load(textwrap.dedent(block))


def configs():
    """Every headlag.yml of the documentation."""
    yield "config/headlag.example.yml", (ROOT / "config/headlag.example.yml").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        for block in re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.M | re.S):
            if block.startswith("networks:"):
                yield page.name, block


class Pages(unittest.TestCase):
    def test_the_exporter_gets_a_config_as_it_is_written(self):
        pages = set()
        for page, config in configs():
            pages.add(page)
            with self.subTest(page, config=config):
                values = f"exporter:\n  image: {{ repository: a }}\n  config:\n{textwrap.indent(config, '    ')}\n"
                rendered = of_kind(render(values), "ConfigMap")["headlag-exporter"]["data"]["headlag.yml"]
                self.assertEqual(as_written(rendered), as_written(config))
        self.assertIn("chains.md", pages)

    def test_readme_and_alerts(self):
        first = values("README.md", "exporter:")
        first["chartbot"].update(values("docs/alerts.md", "chartbot:")["chartbot"])
        objects = render(first)
        arguments = container(objects, "chartbot")["args"]
        self.assertIn("--telegram.alert-chats=123456789,-1001234567890:7", arguments)
        self.assertIn("--alertmanager.url=http://alertmanager-operated:9093", arguments)

        alertmanager = values("docs/alerts.md", "alertmanager:")["alertmanager"]
        mounted = alertmanager["alertmanagerSpec"]["secrets"]
        wanted = secret_files(objects, "chartbot")
        self.assertEqual(set(mounted), wanted)
        config = alertmanager["config"]
        (webhook,) = [hook for receiver in config["receivers"] for hook in receiver.get("webhook_configs", [])]
        (service,) = [name for name in of_kind(objects, "Service") if name.endswith("chartbot")]
        self.assertEqual(webhook["url"], f"http://{service}.monitoring.svc:9918/alerts")
        config["route"]["receiver"] = "null"
        files = re.findall(r"/etc/alertmanager/secrets/([^/]+)/", str(config))
        self.assertEqual(set(files), wanted)

        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            YAML(typ="safe").dump(config, file)
            file.flush()
            routed = lambda **labels: subprocess.run(
                ["amtool", "config", "routes", "test", f"--config.file={file.name}", *(f"{name}={value}" for name, value in labels.items())],
                capture_output=True, text=True, check=True).stdout.strip()
            checked = subprocess.run(["amtool", "check-config", file.name], capture_output=True, text=True)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            self.assertEqual(routed(alertname="HeadlagNodeBehind", network="polygon", node="a", severity="warning"), "headlag")
            self.assertEqual(routed(alertname="HeadlagExporterDown", severity="critical"), "headlag-itself")
            self.assertEqual(routed(alertname="HeadlagWatchdog", severity="none"), "null")
            self.assertEqual(routed(alertname="KubePodCrashLooping", severity="warning"), "null")
