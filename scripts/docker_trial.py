"""The engine, a checkout to try in it, and what is outside of the containers; for scripts/containers."""

import json
import os
import queue
import shutil
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT / ".tools/containers/shared"
# A copy, so that nobody's own .env, config and secrets are touched.
CHECKOUT = SHARED / "checkout"
# Not headlag, whose containers and volumes stay as they are; its ports have to be free, though.
PROJECT = "headlag-trial"


class Failed(Exception):
    """What did not hold, in words."""


def expect(truth, problem):
    if not truth:
        raise Failed(problem)


def wait(what, seconds, look):
    """Looks until it sees something; nothing and Failed mean not yet."""
    end = time.monotonic() + seconds
    while True:
        try:
            last = look()
            if last:
                return last
        except Failed as failed:
            last = failed
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} s; last: {last!r}")
        time.sleep(0.5)


def answers(*command):
    return shutil.which(command[0]) and subprocess.run(command, capture_output=True).returncode == 0


class Engine:
    """The engine that answers here, or one of our own."""

    def __init__(self):
        self.own = not (answers("docker", "info") and answers("docker", "compose", "version"))
        script = str(ROOT / "scripts/engine")
        self.inside = [script, "run"] if self.own else []
        self.outside = [script, "host"] if self.own else []

    def start(self):
        if self.own:
            started = subprocess.run([str(ROOT / "scripts/engine"), "start"])
            expect(started.returncode == 0, "no Docker engine with Compose answers, and none can be started")

    def stop(self):
        if self.own:
            subprocess.run([str(ROOT / "scripts/engine"), "stop"])

    def run(self, *command, fails=False, **env):
        """What a command in the checkout prints. It has to fail, or not to."""
        env = os.environ | {"COMPOSE_PROJECT_NAME": PROJECT, "BUILDKIT_PROGRESS": "plain"} | env
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

    def services(self):
        """The running containers by service, as docker inspect has them."""
        ids = self.compose("ps", "--quiet").split()
        found = json.loads(self.docker("inspect", *ids)) if ids else []
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def wait_healthy(self, seconds=120):
        def unhealthy():
            states = {name: each["State"]["Health"]["Status"] for name, each in self.services().items()}
            bad = {name: state for name, state in states.items() if state != "healthy"}
            expect(len(states) == 5 and not bad, f"{bad} of {sorted(states)}")
            return True
        wait("five healthy services", seconds, unhealthy)

    def page(self, url):
        """A page as a container of the same network sees it."""
        return self.compose("exec", "-T", "prometheus", "wget", "-q", "-O", "-", url)

    def query(self, promql, *at):
        """The first value that Prometheus knows, or nothing."""
        command = ["exec", "-T", "prometheus", "promtool", "query", "instant", "--format=json", *at]
        found = json.loads(self.compose(*command, "http://127.0.0.1:9090", promql))
        return float(found[0]["value"][1]) if found else None


class Program:
    """A program on the engine's host, until its end."""

    running = []

    def __init__(self, engine, *command, inside=False, **options):
        prefix = engine.inside if inside else engine.outside
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
        self.process = subprocess.Popen(prefix + [str(word) for word in command], **options)
        Program.running.append(self.process)

    @classmethod
    def stop_all(cls):
        for process in cls.running:
            process.terminate()
        for process in cls.running:
            process.wait(timeout=10)


class Chat:
    """The chat of the stand-in for Telegram."""

    def __init__(self, engine, address, token):
        program = ROOT / "target/debug/examples/chat"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
        pictures = SHARED / "pictures"
        pictures.mkdir()
        self.process = Program(engine, program, address, token, pictures, **pipes).process
        self.messages = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.messages.put(json.loads(line))

    def say(self, text):
        self.process.stdin.write(text + "\n")

    def heard(self, seconds, what=lambda message: True):
        """The next message of the bot that is meant."""
        end, others = time.monotonic() + seconds, []
        while True:
            try:
                message = self.messages.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise Failed(f"no such message within {seconds} s, only {others}") from None
            if what(message):
                return message
            others.append(message["text"])


def copy_checkout():
    """The files that git has or would add, as a user has them after cloning."""
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


def write(name, text, mode=0o644):
    """A file of the user in the checkout, put in place of the old one as many editors do."""
    path = CHECKOUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text(text)
    beside.chmod(mode)
    beside.rename(path)
