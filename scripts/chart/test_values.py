"""What the values turn on, and which values are refused."""

import re

from chart import (CHART, FULL, SMALL, Chart, as_written, changed, container, helm, leaves, load, load_all, of_kind, paths, pod,
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

    def test_every_value_is_in_what_is_rendered(self):
        default = dict(paths(load(CHART / "values.yaml")))
        full = dict(paths(FULL))
        self.assertFalse(default.keys() - full.keys())
        for path in default:
            if not isinstance(full[path], dict | bool):
                self.assertNotEqual(full[path], default[path], path)
        rendered = "\n".join(f"{it}" for it in leaves(self.full))
        for value in leaves(FULL):
            if not isinstance(value, bool):
                self.assertRegex(rendered, rf"(?<![\w./-]){re.escape(str(value))}(?![\w./-])")

    def test_what_is_missing_is_named(self):
        for path in ["exporter.image.repository", "exporter.config.networks", "chartbot.image.repository",
                     "chartbot.allowedUsers", "chartbot.prometheusUrl"]:
            with self.subTest(path):
                empty = [] if path.endswith("s") else ""
                self.assertIn(f"{path} is missing: ", refusal(changed(SMALL, path, empty)))
        for path in ["serviceMonitor.tlsConfig", "serviceMonitor.basicAuth"]:
            for empty in [None, {}]:
                self.assertIn(f"{path} is missing: exporter.webConfig", refusal(changed(FULL, path, empty)))
        for key, part in [("tlsConfig", "tls_server_config"), ("basicAuth", "basic_auth_users")]:
            unused = changed(changed(SMALL, "serviceMonitor.enabled", True), f"serviceMonitor.{key}", {"any": {}})
            self.assertIn(f"serviceMonitor.{key} is set, but no webConfig has {part}", refusal(unused))
        for path, empty in [("chartbot.alertChats", []), ("chartbot.alertsSecret", "")]:
            self.assertIn("set both or none", refusal(changed(FULL, path, empty)))

    def test_a_key_without_a_value(self):
        """As in "labels:" with only comments below, for which Helm takes the default away."""
        for path, default in paths(load(CHART / "values.yaml")):
            with self.subTest(path):
                template = lambda value: helm("template", "headlag", CHART, values=changed(FULL, path, value))
                bare = template(None)
                if default in ["", [], {}]:
                    empty = template(default)
                    self.assertEqual((bare.stdout, bare.stderr), (empty.stdout, empty.stderr))
                elif bare.returncode:
                    *_, key = path.split(".")
                    self.assertRegex(bare.stderr, f"missing property '{key}'|{path}.repository is missing: ")
                else:
                    self.assertFalse([it for it in leaves(load_all(bare.stdout)) if it is None or "<nil>" in str(it)])

    def test_a_text_that_yaml_reads_as_something_else_is_refused(self):
        for wrong in [True, 0o123, 1e3, 12345678901234567890123]:
            texts = lambda *keys: dict.fromkeys(keys, wrong)
            node = texts("name", "url", "bearer_token_file", "timeout", "ca_file") | {
                "headers": texts("X-Key"), "basic_auth": texts("username", "password_file", "file")}
            network = texts("name", "protocol", "poll_interval", "timeout", "stall_after", "proxy_url") | {
                "head": texts("path", "body"), "chain": texts("pointer"), "references": [node], "watched": [node]}
            config = texts("poll_interval", "timeout") | {"networks": [network]}
            web = {"http_server_config": {"headers": texts("X-Frame-Options")}, "basic_auth_users": texts("me")}
            values = changed(changed(SMALL, "exporter.config", config), "exporter.webConfig", web)
            refused = re.findall(r"got (?:number|boolean), want string", refusal(values))
            self.assertEqual(len(refused), len([*leaves(config), *leaves(web)]), wrong)
        self.assertIn("cert_file", refusal(changed(SMALL, "exporter.webConfig.tls_server_config", {"cert_file": 83})))

    def test_numbers_are_exact_or_refused(self):
        keys = ["chain_id", "threshold_blocks", "max_lead_blocks", "quorum"]
        with_all = lambda number: changed(SMALL, "exporter.config.networks", [
            SMALL["exporter"]["config"]["networks"][0] | dict.fromkeys(keys, number)])
        for number in [1, 12345678, 1666600000, 9007199254740991]:
            config = of_kind(render(with_all(number)), "ConfigMap")["headlag-exporter"]["data"]["headlag.yml"]
            network = as_written(config)["networks"][0]
            self.assertEqual([network[key] for key in keys], [str(number)] * 4)
        for number in [9007199254740992, 0x534e5f4d41494e, 1.5]:
            self.assertEqual(len(re.findall(rf"networks/0/(?:{'|'.join(keys)})'", refusal(with_all(number)))), 4)
        arguments = container(self.full, "chartbot")["args"]
        self.assertIn("--telegram.allowed-users=123456789,@operator", arguments)
        self.assertIn("--telegram.alert-chats=123456789,-1001234567890:7", arguments)
        arguments = container(render(changed(FULL, "chartbot.alertChats", [-1001234567890])), "chartbot")["args"]
        self.assertIn("--telegram.alert-chats=-1001234567890", arguments)

    def test_only_ids_are_ids(self):
        for path, wrong in [
            ("allowedUsers", ["", "YOUR-ID", "123:4", "-100123", "@ada", 0, -1, 2**53]),
            ("alertChats", ["", "YOUR-ID", "@operator", "-100:0", "-100:7:8", "-100:", 0, -2**53]),
        ]:
            refused = refusal(changed(FULL, f"chartbot.{path}", wrong))
            for index, it in enumerate(wrong):
                self.assertIn(f"'/chartbot/{path}/{index}'", refused, it)

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
        for words in [".spec.serviceMonitorSelector", ".spec.ruleSelector", "grafana-sc-dashboard",
                      'serviceMonitor {"release":"kube-prometheus-stack"} ',
                      'prometheusRule {"release":"kube-prometheus-stack","role":"alert-rules"}',
                      "https://headlag-chartbot.monitoring.svc:9918/alerts", "from the namespace metrics",
                      "rollout restart deployment --selector app.kubernetes.io/instance=headlag\n",
                      "logs --selector app.kubernetes.io/instance=headlag,app.kubernetes.io/component=exporter\n"]:
            self.assertIn(words, full)
        self.assertNotIn("network policies", notes(SMALL))
        self.assertNotIn("turn on serviceMonitor", full)
        self.assertIn("turn on serviceMonitor", notes(SMALL))
        self.assertIn("The bot is off", notes(changed(SMALL, "chartbot.existingSecret", "")))
