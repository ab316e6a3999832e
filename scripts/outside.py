"""The outside world of programs that are installed and started for a test: simulated nodes and the
stand-in for Telegram."""

import json
import subprocess
import time
from pathlib import Path


def until(what, attempt, seconds=60):
    """Waits for `attempt` to return something true, and returns that."""
    end, problem = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            if result := attempt():
                return result
        except (AssertionError, OSError) as error:
            problem = error
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {seconds} s{f' ({problem})' if problem else ''}")


class Outside:
    def __init__(self, program, folder, *address, host=()):
        """`host` is the start of a command that runs the rest of it where the programs are."""
        self.host = host
        self.process = subprocess.Popen([*host, program, folder, *address])
        access = Path(folder) / "telegram.json"
        self.access = json.loads(until("the outside world is up", lambda: access.exists() and access.read_text()))
        self.headlag_yml = (Path(folder) / "headlag.yml").read_text()

    def end(self):
        self.process.terminate()
        self.process.wait(10)

    def fetch(self, path, *options):
        command = ["curl", "--silent", "--show-error", "--fail", "--max-time", "30", self.access["url"] + path]
        done = subprocess.run([*self.host, *command, *options], capture_output=True)
        assert done.returncode == 0, f"{path} of the outside world: {done.stderr.decode()}"
        return done.stdout

    def messages(self):
        return json.loads(self.fetch("/state"))["chat"]["rooms"][0]["messages"]

    def hear(self, what, seconds=30, after=0, meant=lambda message: True):
        """The first message of the bot after another one that is meant."""
        def look():
            return next((of for of in self.messages() if of["id"] > after and not of["mine"] and meant(of)), None)

        return until(what, look, seconds)

    def ask(self, text, **options):
        """Writes to the bot in private; returns the message with which it answers."""
        body = json.dumps({"chat": self.access["user"], "text": text})
        posted = self.fetch("/say", "--header", "Content-Type: application/json", "--data-binary", body)
        return self.hear(f"an answer to {text}", after=json.loads(posted)["message"], **options)

    def photo(self, message):
        """The picture of an answer, as JPEG."""
        assert message["photo"], f"an answer without a chart: {message['text']}"
        return self.fetch(f"/photo/{message['photo']['id']}")
