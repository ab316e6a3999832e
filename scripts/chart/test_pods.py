"""What runs: confined, with its files, replaced when its config changes."""

import copy

from chart import (CHART, COMPONENTS, FULL, SMALL, Chart, changed, container, load, of_kind, pod, render,
                   secret_files, sources)
from program import Program, certificate

class Pods(Chart):
    def test_confinement(self):
        for objects, users in [(self.full, [1001, 1002]), (self.small, [65532, 65532])]:
            for component, user in zip(COMPONENTS, users):
                spec = pod(objects, component)["spec"]
                self.assertEqual(spec["securityContext"], {
                    "runAsNonRoot": True,
                    "runAsUser": user,
                    "runAsGroup": user,
                    "seccompProfile": {"type": "RuntimeDefault"},
                })
                self.assertIs(spec["automountServiceAccountToken"], False)
                self.assertIs(spec["enableServiceLinks"], False)
                self.assertEqual(spec["terminationGracePeriodSeconds"], 10)
                self.assertEqual(container(objects, component)["securityContext"], {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                })
                self.assertTrue(all(it["readOnly"] for it in container(objects, component)["volumeMounts"]))

    def test_the_cluster_may_choose_the_user(self):
        values = changed(changed(FULL, "exporter.runAsUser", None), "chartbot.runAsUser", None)
        objects = render(values)
        for component in COMPONENTS:
            spec = pod(objects, component)["spec"]
            self.assertEqual(spec["securityContext"], {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}})
            # And any user that it chooses can read the files.
            modes = {it["projected"]["defaultMode"] for it in spec["volumes"]}
            self.assertEqual(modes, {0o444})

    def test_one_bot_and_no_gap_of_the_exporter(self):
        deployments = of_kind(self.full, "Deployment")
        self.assertEqual({it["spec"]["replicas"] for it in deployments.values()}, {1})
        self.assertEqual(deployments["headlag-chartbot"]["spec"]["strategy"], {"type": "Recreate"})
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        self.assertEqual(deployments["headlag-exporter"]["spec"]["strategy"], rolling)

    def test_the_image_is_that_of_the_chart_by_default(self):
        for component in COMPONENTS:
            small = container(self.small, component)
            version = load(CHART / "Chart.yaml")["appVersion"]
            self.assertEqual(small["image"], f"{SMALL[component]['image']['repository']}:{version}")
            self.assertEqual(small["imagePullPolicy"], "IfNotPresent")

    def test_an_upgrade_replaces_the_pod_whose_config_changed(self):
        self.assertEqual(render(FULL), self.full)
        node = {"name": "second-node", "url": "http://10.0.0.7:8545"}
        more = copy.deepcopy(FULL)
        more["exporter"]["config"]["networks"][0]["watched"].append(node)
        upgraded = render(more)
        self.assertIn("second-node", of_kind(upgraded, "ConfigMap")["headlag-exporter"]["data"]["headlag.yml"])
        self.assertNotEqual(pod(upgraded, "exporter"), pod(self.full, "exporter"))
        self.assertEqual(pod(upgraded, "chartbot"), pod(self.full, "chartbot"))
        for component in COMPONENTS:
            limited = render(changed(FULL, f"{component}.webConfig.rate_limit", {"interval": "1s", "burst": 5}))
            self.assertNotEqual(pod(limited, component), pod(self.full, component))
        silent = render(changed(FULL, "serviceMonitor.interval", "30s"))
        self.assertEqual(pod(silent, "exporter"), pod(self.full, "exporter"))

    def test_secrets_come_by_reference(self):
        self.assertEqual(set(of_kind(self.full, "Secret")), {"headlag-exporter-web", "headlag-chartbot-web"})
        for component, name in {"exporter": "node-keys", "chartbot": "telegram-proxy"}.items():
            self.assertEqual(container(self.full, component)["envFrom"], [{"secretRef": {"name": name}}])
            self.assertNotIn("envFrom", container(self.small, component))
        for component, wanted in {
            "exporter": {"headlag-exporter-web", "node-tokens", "exporter-tls"},
            "chartbot": {"headlag-chartbot-web", "telegram", "alerts", "chartbot-tls"},
        }.items():
            self.assertEqual(secret_files(self.full, component), wanted)
        # Of the bot's, one key each, whatever else they hold.
        for source in sources(self.full, "chartbot").values():
            key = {"telegram": "telegram-token", "alerts": "webhook-secret"}.get(source["secret"]["name"])
            self.assertEqual(source["secret"].get("items"), key and [{"key": key, "path": key}])

    def test_the_programs_start_and_probes_need_no_login(self):
        keys = certificate()
        secrets = {
            "node-tokens": {"my-node": "secret"},
            "telegram": {"telegram-token": "1:secret"},
            "alerts": {"webhook-secret": "secret"},
            "exporter-tls": keys,
            "chartbot-tls": keys,
        }
        environment = {"FIRST_KEY": "secret", "CHARTBOT_TELEGRAM_API_URL": "http://127.0.0.1:9"}
        for values, objects in [(SMALL, self.small), (FULL, self.full)]:
            for component in COMPONENTS:
                with self.subTest(component, full=values is FULL):
                    program = Program(objects, component, secrets, environment)
                    try:
                        self.assertEqual(len(program.ports), 2, program.log)
                        probes = container(objects, component)
                        for probe, path in [("livenessProbe", "/-/healthy"), ("readinessProbe", "/-/ready")]:
                            self.assertEqual(probes[probe]["httpGet"], {"path": path, "port": "probe"})
                        self.assertEqual(program.get(1, "/-/healthy"), 200)
                        self.assertIn(program.get(1, "/-/ready"), [200, 503])
                        tls = "tls_server_config" in values[component].get("webConfig", {})
                        login = "basic_auth_users" in values[component].get("webConfig", {})
                        self.assertEqual(program.get(0, "/metrics", "https" if tls else "http"), 401 if login else 200)
                    finally:
                        status, log = program.stop()
                    self.assertEqual(status, 0, log)

    def test_ports_have_the_names_that_are_used(self):
        for component, port in COMPONENTS.items():
            ports = {it["name"]: it["containerPort"] for it in container(self.full, component)["ports"]}
            self.assertEqual(ports, {"web": port, "probe": 9919})
            self.assertIn(f"--web.listen-address=:{port}", container(self.full, component)["args"])
            self.assertIn("--web.probe-listen-address=:9919", container(self.full, component)["args"])
            service = of_kind(self.full, "Service")[f"headlag-{component}"]["spec"]
            for it in service["ports"]:
                self.assertEqual(it["port"], ports[it["targetPort"]])
            self.assertLessEqual(service["selector"].items(), pod(self.full, component)["metadata"]["labels"].items())
