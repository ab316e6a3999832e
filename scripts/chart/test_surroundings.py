"""What the chart shows to Prometheus, Grafana and the network."""

import json
import subprocess
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

from chart import CHART, COMPONENTS, FULL, ROOT, SMALL, Chart, changed, helm, load, of_kind, pod, refusal, render

class Surroundings(Chart):
    def test_the_operator_picks_what_has_its_label(self):
        for kind in ["ServiceMonitor", "PrometheusRule"]:
            for it in of_kind(self.full, kind).values():
                self.assertEqual(it["metadata"]["labels"]["release"], "kube-prometheus-stack")
        services = of_kind(self.full, "Service")
        for component in COMPONENTS:
            monitor = of_kind(self.full, "ServiceMonitor")[f"headlag-{component}"]["spec"]
            labels = services[f"headlag-{component}"]["metadata"]["labels"]
            self.assertLessEqual(monitor["selector"]["matchLabels"].items(), labels.items())
            (endpoint,) = monitor["endpoints"]
            self.assertIs(endpoint["honorLabels"], True)
            self.assertEqual(endpoint["port"], "web")
            self.assertEqual(endpoint["relabelings"], [{"targetLabel": "job", "replacement": f"headlag-{component}"}])
            self.assertEqual(endpoint["scheme"], "https")
            self.assertEqual("basicAuth" in endpoint, component == "exporter")
        plain = changed(SMALL, "serviceMonitor.enabled", True)
        for monitor in of_kind(render(plain), "ServiceMonitor").values():
            self.assertEqual(set(monitor["spec"]["endpoints"][0]), {"port", "interval", "honorLabels", "relabelings"})

    def test_rules(self):
        rules = of_kind(self.full, "PrometheusRule")
        self.assertEqual(set(rules), {f"headlag-{file.stem}" for file in (ROOT / "rules").glob("*.yml")})
        with tempfile.TemporaryDirectory() as folder:
            for name, rule in rules.items():
                file = f"{name.removeprefix('headlag-')}.yml"
                self.assertEqual(rule["spec"], load(ROOT / "rules" / file))
                with open(f"{folder}/{file}", "w") as text:
                    YAML(typ="safe").dump(rule["spec"], text)
            files = sorted(Path(folder).iterdir())
            checked = subprocess.run(["promtool", "check", "rules", "--lint-fatal", *files], capture_output=True, text=True)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_dashboards(self):
        files = list((ROOT / "grafana/dashboards").glob("*.json"))
        self.assertTrue(files)
        for file in files:
            dashboard = of_kind(self.full, "ConfigMap")[f"headlag-dashboard-{file.stem}"]
            self.assertEqual(dashboard["metadata"]["labels"]["grafana_dashboard"], "1")
            self.assertEqual(json.loads(dashboard["data"][file.name]), json.loads(file.read_text()))

    def test_network_policy(self):
        policies = {name: it["spec"] for name, it in of_kind(self.full, "NetworkPolicy").items()}
        namespace = lambda name: {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
        server = lambda name, at: namespace(at) | {"podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}}
        prometheus, alertmanager = server("prometheus", "metrics"), server("alertmanager", "alerting")
        tcp = lambda *ports: [{"protocol": "TCP", "port": port} for port in ports]
        dns = {"ports": [{"protocol": protocol, "port": port} for port in [53, 5353] for protocol in ["UDP", "TCP"]]}
        for component in COMPONENTS:
            policy = policies[f"headlag-{component}"]
            self.assertEqual(policy["policyTypes"], ["Ingress", "Egress"])
            self.assertLessEqual(policy["podSelector"]["matchLabels"].items(), pod(self.full, component)["metadata"]["labels"].items())
        self.assertEqual(policies["headlag-exporter"]["ingress"], [
            {"from": [prometheus], "ports": tcp("web")},
            {"from": [namespace("ethereum")], "ports": tcp("web", "probe")},
        ])
        self.assertEqual(policies["headlag-exporter"]["egress"], [
            dns,
            {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": tcp(443, 8545, 9500)},
        ])
        self.assertEqual(policies["headlag-chartbot"]["ingress"], [
            {"from": [prometheus], "ports": tcp("web")},
            {"from": [alertmanager], "ports": tcp("web")},
        ])
        self.assertEqual(policies["headlag-chartbot"]["egress"], [
            dns,
            {"to": [{"ipBlock": {"cidr": "192.0.2.1/32"}}], "ports": tcp(1080)},
            {"to": [{"ipBlock": {"cidr": "198.51.100.0/24"}}], "ports": tcp(8428, 9093)},
        ])
        # As by default, without alerts.
        small = render(changed(SMALL, "networkPolicy.enabled", True))
        policies = {name: it["spec"] for name, it in of_kind(small, "NetworkPolicy").items()}
        monitoring = namespace("monitoring")
        self.assertEqual(policies["headlag-exporter"]["egress"], [dns, {}])
        self.assertEqual(policies["headlag-exporter"]["ingress"], [{"from": [monitoring], "ports": tcp("web")}])
        self.assertEqual(policies["headlag-chartbot"]["ingress"], [{"from": [monitoring], "ports": tcp("web")}])
        self.assertEqual(policies["headlag-chartbot"]["egress"], [dns, {"ports": tcp(443)}, {"ports": tcp(9090, 9093)}])

    def test_the_bot_may_connect_to_the_ports_of_its_urls(self):
        values = changed(SMALL, "networkPolicy.enabled", True)
        for url, port in [("http://vm:8428", 8428), ("http://prometheus/path", 80), ("https://me:1@[::1]/", 443)]:
            for key in ["prometheusUrl", "alertmanagerUrl"]:
                with self.subTest(url, key=key):
                    other = changed(values, f"chartbot.{key}", url)
                    self.assertIn(f"lacks {port}, the port of chartbot.{key}", refusal(other))
                    render(changed(other, "networkPolicy.chartbot.ports", [9090, port]))
                    render(changed(other, "networkPolicy.chartbot.ports", []))

    def test_a_package_holds_what_the_folder_links_to(self):
        with tempfile.TemporaryDirectory() as folder:
            packaged = helm("package", CHART, "--destination", folder)
            self.assertEqual(packaged.returncode, 0, packaged.stderr)
            (package,) = Path(folder).iterdir()
            self.assertEqual(render(FULL, chart=package), self.full)
            names = subprocess.run(["tar", "tzf", package], capture_output=True, text=True, check=True).stdout
            self.assertNotRegex(names, r"rules/tests|/ci/")
