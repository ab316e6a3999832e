"""The outside world of the machine: simulated nodes and the stand-in for Telegram."""

import json
import subprocess
import urllib.request
from pathlib import Path

from machine import until


class Outside:
    def __init__(self, program, folder):
        self.process = subprocess.Popen([program, folder])
        access = Path(folder) / "telegram.json"
        self.access = json.loads(until("the outside world is up", lambda: access.exists() and access.read_text()))
        self.headlag_yml = (Path(folder) / "headlag.yml").read_text()

    def end(self):
        self.process.terminate()
        self.process.wait(10)

    def get(self, path):
        return urllib.request.urlopen(self.access["url"] + path, timeout=30).read()

    def messages(self):
        return json.loads(self.get("/state"))["chat"]["rooms"][0]["messages"]

    def ask(self, text, seconds=30):
        """Writes to the bot in private; returns the message with which it answers."""
        body = json.dumps({"chat": self.access["user"], "text": text}).encode()
        request = urllib.request.Request(self.access["url"] + "/say", body, {"Content-Type": "application/json"})
        asked = json.load(urllib.request.urlopen(request, timeout=30))["message"]

        def answer():
            return next((of for of in self.messages() if of["id"] > asked and not of["mine"]), None)

        return until(f"an answer to {text}", answer, seconds)

    def photo(self, message):
        assert message["photo"], f"an answer without a chart: {message['text']}"
        return self.get(f"/photo/{message['photo']['id']}")
