"""The engine, and a checkout to try in it; for scripts/containers."""

import json
import os
import re
import shutil
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

from outside import until

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT / ".tools/containers/shared"
# A copy, so that nobody's own .env, config and secrets are touched.
CHECKOUT = SHARED / "checkout"
# Not headlag: where the user's own runs in the same engine, its containers and volumes stay as they are.
PROJECT = "headlag-trial"


def expect(truth, problem):
    if not truth:
        raise AssertionError(problem)


def answers(*command):
    return shutil.which(command[0]) and subprocess.run(command, capture_output=True).returncode == 0


class Engine:
    """The engine that answers here, or one of our own."""

    def __init__(self):
        self.own = not (answers("docker", "info") and answers("docker", "compose", "version"))
        script = str(ROOT / "scripts/engine")
        self.inside = [script, "run"] if self.own else []
        self.host = [script, "host"] if self.own else []
        # What is to happen at the end, the last thing first.
        self.ends = ExitStack()

    def start(self):
        if self.own:
            self.ends.callback(subprocess.run, [str(ROOT / "scripts/engine"), "stop"])
            started = subprocess.run([str(ROOT / "scripts/engine"), "start"])
            expect(started.returncode == 0, "no Docker engine with Compose answers, and none can be started")

    def begin(self, *command, prefix=None):
        """Starts a program on the engine's host, until the end."""
        command = [*(self.host if prefix is None else prefix), *command]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.ends.callback(process.wait, 10)
        self.ends.callback(process.terminate)

    def run(self, *command, fails=False, **env):
        """What a command in the checkout prints. It has to fail, or not to."""
        # Settings of the user's own headlag would override those in the checkout.
        others = ("COMPOSE_", "CHARTBOT_", "HEADLAG_")
        here = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        env = here | {"COMPOSE_PROJECT_NAME": PROJECT, "BUILDKIT_PROGRESS": "plain"} | env
        done = subprocess.run(
            self.inside + list(command), cwd=CHECKOUT, env=env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        end = done.stdout[-2000:]
        expect((done.returncode != 0) == fails, f"{' '.join(command)}: status {done.returncode}: {end}")
        return done.stdout

    def docker(self, *arguments, **options):
        return self.run("docker", *arguments, **options)

    def compose(self, *arguments, **options):
        return self.run("docker", "compose", *arguments, **options)

    def make_or_pull(self, image):
        """What a stand-in is made from; nothing for the real image."""
        label = ["inspect", "-f", '{{index .Config.Labels "headlag.stand-in"}}', image]
        try:
            # Of an earlier run.
            return self.docker(*label).strip()
        except AssertionError:
            pass
        try:
            expect(image.startswith("docker.io/"), "nobody publishes it")
            self.docker("pull", "--quiet", image)
        except AssertionError as failed:
            expect(self.own, f"{image} cannot be pulled: {failed}")
            made = subprocess.run([str(ROOT / "scripts/stand-in"), image], capture_output=True, text=True)
            expect(made.returncode == 0, f"{image} can be neither pulled nor made: {made.stderr}")
        return self.docker(*label).strip()

    def services(self):
        """The running containers by service, as docker inspect has them."""
        ids = self.compose("ps", "--quiet").split()
        found = json.loads(self.docker("inspect", *ids)) if ids else []
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def wait_healthy(self, services=5):
        def healthy():
            states = {name: each["State"]["Health"]["Status"] for name, each in self.services().items()}
            bad = {name: state for name, state in states.items() if state != "healthy"}
            expect(len(states) == services and not bad, f"{bad} of {sorted(states)}")
            return True
        until(f"{services} healthy services", healthy, 120)

    def page(self, url):
        """A page as a container of the same network sees it."""
        return self.compose("exec", "-T", "prometheus", "wget", "-q", "-O", "-", url)

    def query(self, promql, *at):
        """The first value that Prometheus knows, or nothing."""
        command = ["exec", "-T", "prometheus", "promtool", "query", "instant", "--format=json", *at]
        found = json.loads(self.compose(*command, "http://127.0.0.1:9090", promql))
        return float(found[0]["value"][1]) if found else None


def free_ports(count):
    """Ports that are free here at every address. In an engine of our own all of them are."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def copy_checkout():
    """The files that git has or would add, as a user has them after cloning; published on free ports, since
    the user's own headlag may have the others."""
    # The folder itself stays: the engine has it mounted.
    SHARED.mkdir(parents=True, exist_ok=True)
    for old in SHARED.iterdir():
        shutil.rmtree(old)
    CHECKOUT.mkdir()
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0"):
        if name and (ROOT / name).exists():
            (CHECKOUT / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, CHECKOUT / name, follow_symlinks=False)
    compose = CHECKOUT / "compose.yaml"
    compose.write_text(re.sub(r'"127\.0\.0\.1:\d+:(\d+)"', r'"127.0.0.1::\1"', compose.read_text()))


def write(name, text, mode=0o644):
    """A file of the user in the checkout, put in place of the old one as many editors do."""
    path = CHECKOUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text(text)
    beside.chmod(mode)
    beside.rename(path)
