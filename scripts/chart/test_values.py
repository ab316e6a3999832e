"""What the values turn on, and which values are refused."""

import copy

from chart import (CHART, FULL, SMALL, Chart, changed, container, helm, leaves, load, load_all, of_kind, paths, pod,
                   refusal, render)

class Values(Chart):
    def test_the_bot_needs_a_secret(self):
        self.assertEqual(set(of_kind(self.small, "Deployment")), {"headlag-exporter", "headlag-chartbot"})
        without = render(changed(SMALL, "chartbot.existingSecret", ""))
        self.assertFalse([it for it in without if "chartbot" in it["metadata"]["name"]])
        off = render(changed(FULL, "chartbot.enabled", False))
        self.assertFalse([it for it in off if "chartbot" in it["metadata"]["name"]])

    def test_everything_else_is_off_at_first(self):
        kinds = sorted(it["kind"] for it in self.small)
        self.assertEqual(kinds, ["ConfigMap", "Deployment", "Deployment", "Service", "Service"])

    def test_what_is_missing_is_named(self):
        for path in ["exporter.image.repository", "exporter.config.networks", "chartbot.image.repository",
                     "chartbot.allowedUsers", "chartbot.prometheusUrl"]:
            with self.subTest(path):
                empty = [] if path.endswith("s") else ""
                self.assertIn(f"{path} is missing: ", refusal(changed(SMALL, path, empty)))
        for path in ["serviceMonitor.tlsConfig", "serviceMonitor.basicAuth"]:
            for empty in [None, {}]:
                self.assertIn(f"{path} is missing: exporter.webConfig", refusal(changed(FULL, path, empty)))
        for path, empty in [("chartbot.alertChats", []), ("chartbot.alertsSecret", "")]:
            self.assertIn("set both or none", refusal(changed(FULL, path, empty)))

    def test_a_key_without_a_value(self):
        """As in "labels:" with only comments below, for which Helm takes the default away."""
        for path, default in paths(load(CHART / "values.yaml")):
            with self.subTest(path):
                bare = helm("template", "headlag", CHART, "--namespace", "monitoring", values=changed(FULL, path, None))
                if bare.returncode:
                    *_, key = path.split(".")
                    self.assertRegex(bare.stderr, rf"missing property '{key}'|{path}[a-z.]* is missing: |set both or none")
                    continue
                objects = load_all(bare.stdout)
                self.assertFalse([it for it in leaves(objects) if it is None or "<nil>" in str(it)])
                if not default:
                    self.assertEqual(objects, render(changed(FULL, path, default)))

    def test_a_name_that_yaml_reads_as_something_else_is_refused(self):
        for name in [True, 8, 1000.0, 1.1]:
            with self.subTest(name):
                networks = copy.deepcopy(SMALL["exporter"]["config"]["networks"])
                networks[0]["name"] = name
                self.assertIn("name", refusal(changed(SMALL, "exporter.config.networks", networks)))
                networks[0]["name"] = "polygon"
                networks[0]["watched"][0]["name"] = name
                self.assertIn("name", refusal(changed(SMALL, "exporter.config.networks", networks)))

    def test_a_placeholder_is_no_id(self):
        for user in ["", "YOUR-ID"]:
            self.assertIn("allowedUsers", refusal(changed(SMALL, "chartbot.allowedUsers", [user])))

    def test_any_name_of_a_release_is_a_label(self):
        for release in ["123", "1e3", "true", "null", "2026-11-30"]:
            for it in render(SMALL, release=release):
                with self.subTest(f"{release} {it['kind']}"):
                    self.assertEqual(it["metadata"]["labels"]["app.kubernetes.io/instance"], release)
                    if it["kind"] == "Service":
                        self.assertEqual(it["spec"]["selector"]["app.kubernetes.io/instance"], release)

    def test_unknown_keys_are_refused(self):
        # Below these the cluster, the exporter or the operator knows the keys.
        free = ("labels", "podLabels", "config", "nodeSelector", "affinity", "resources", "tlsConfig", "basicAuth")

        def closed(values, path=""):
            yield path
            for key, value in values.items():
                if isinstance(value, dict) and key not in free:
                    yield from closed(value, f"{path}{key}.")

        paths = list(closed(load(CHART / "values.yaml")))
        self.assertGreater(len(paths), 10)
        for path in paths:
            with self.subTest(path):
                self.assertIn("unknown", refusal(changed(FULL, f"{path}unknown", {})))

    def test_numbers_are_written_in_full(self):
        config = load(of_kind(self.full, "ConfigMap")["headlag-exporter"]["data"]["headlag.yml"])
        self.assertEqual(config, FULL["exporter"]["config"])
        arguments = container(self.full, "chartbot")["args"]
        self.assertIn("--telegram.allowed-users=123456789,@operator", arguments)
        self.assertIn("--telegram.alert-chats=123456789,-1001234567890:7", arguments)
        arguments = container(render(changed(FULL, "chartbot.alertChats", [-1001234567890])), "chartbot")["args"]
        self.assertIn("--telegram.alert-chats=-1001234567890", arguments)

    def test_labels_reach_what_they_are_for(self):
        for it in self.full:
            expected = ("team", "nodes") if it["kind"] not in ["ServiceMonitor", "PrometheusRule"] else ("release", "kube-prometheus-stack")
            self.assertIn(expected, it["metadata"]["labels"].items(), it["metadata"]["name"])
        self.assertEqual(pod(self.full, "exporter")["metadata"]["labels"]["team"], "nodes")
        # Those that things are found by cannot be replaced.
        replaced = render(changed(SMALL, "exporter.labels", {"app.kubernetes.io/component": "other"}))
        self.assertEqual(pod(replaced, "exporter")["metadata"]["labels"]["app.kubernetes.io/component"], "exporter")

    def test_notes(self):
        def notes(values):
            shown = helm("install", "headlag", CHART, "--dry-run=client", "--namespace", "monitoring", values=values)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            return shown.stdout.split("\nNOTES:\n")[1]

        full = notes(FULL)
        for words in [".spec.serviceMonitorSelector", ".spec.ruleSelector", "grafana-sc-dashboard", '{"release":"kube-prometheus-stack"}',
                      "https://headlag-chartbot.monitoring.svc:9918/alerts"]:
            self.assertIn(words, full)
        self.assertNotIn("turn on serviceMonitor", full)
        self.assertIn("turn on serviceMonitor", notes(SMALL))
        self.assertIn("The bot is off", notes(changed(SMALL, "chartbot.existingSecret", "")))
