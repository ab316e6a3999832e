"""The programs of the chart's pods, started outside of any cluster as their pods start them."""

import re
import signal
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from chart import ROOT, container, of_kind, sources


class Program:
    """A program of a pod with its arguments and files, outside of any cluster."""

    def __init__(self, objects, component, secrets, environment):
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        inside = container(objects, component)
        volumes = sources(objects, component)
        for mount in inside["volumeMounts"]:
            self.fill(root / mount["mountPath"].lstrip("/"), volumes[mount["name"]], objects, secrets)
        # Files where this machine has room for them, ports that are free, and no node or server outside.
        text = re.sub(r"(?<=[= ])(/(?:etc|run)/)", rf"{root}\1", "\n".join(f"{it}" for it in inside["args"]))
        text = re.sub(r"listen-address=:\d+", "listen-address=127.0.0.1:0", text)
        self.process = subprocess.Popen(
            [ROOT / "target/debug" / f"headlag-{component}", *outside_of_nothing(text).split("\n")],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.ports = []
        self.log = []
        for line in self.process.stderr:
            self.log.append(line)
            self.ports += re.findall(r"address\W+127\.0\.0\.1:(\d+)", line)
            if len(self.ports) == 2:
                break

    def fill(self, folder, source, objects, secrets):
        folder.mkdir(parents=True)
        root = self.folder.name
        if "configMap" in source:
            files = of_kind(objects, "ConfigMap")[source["configMap"]["name"]]["data"]
        else:
            name = source["secret"]["name"]
            ours = of_kind(objects, "Secret")
            files = ours[name]["stringData"] if name in ours else secrets[name]
            items = source["secret"].get("items")
            files = {it["path"]: files[it["key"]] for it in items} if items else files
        for name, text in files.items():
            (folder / name).write_text(outside_of_nothing(text).replace(" /run/", f" {root}/run/"))

    def get(self, which, path, scheme="http"):
        """The status of a path on the first listener, or on that for probes."""
        context = ssl._create_unverified_context()
        try:
            return urllib.request.urlopen(f"{scheme}://127.0.0.1:{self.ports[which]}{path}", context=context, timeout=10).status
        except urllib.error.HTTPError as error:
            return error.code

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        rest = self.process.communicate(timeout=10)[1]
        self.folder.cleanup()
        return self.process.returncode, "".join(self.log) + rest


def outside_of_nothing(text):
    """With every URL leading to a closed port of this machine."""
    return re.sub(r"(https?)://[^/\s]+", r"\1://127.0.0.1:9", text)


def certificate():
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = f"{folder}/key", f"{folder}/certificate"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=headlag"
        subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return {"tls.key": Path(key).read_text(), "tls.crt": Path(certificate).read_text()}
