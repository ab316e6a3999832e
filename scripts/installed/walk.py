"""What a user does with the packages, from dpkg -i to a purge, in a clean Debian.

    walk.py BASE DIST OUTSIDE    as root, in a network and a mount namespace of its own

Each step is a function of steps.py, in the order of that file; one that fails ends the walk, with the
logs of both services.
"""

import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import packages
from machine import Machine, layered
from outside import Outside
from steps import BOT, EXPORTER, STEPS


class Walk:
    """What the steps share."""

    def __init__(self, base, dist, outside, scratch, ends):
        self.base, self.dist, self.scratch, self.ends = base, dist, scratch, ends
        self.releases = packages.Releases(dist, scratch / "packages")
        self.outside = Outside(outside, scratch)
        ends.callback(self.outside.end)
        root = self.debian("machine")
        settings = root / "etc/systemd/system.conf.d/outside.conf"
        settings.parent.mkdir()
        settings.write_text(f"[Manager]\nDefaultEnvironment=CHARTBOT_TELEGRAM_API_URL={self.outside.access['url']}\n")
        self.machine = Machine(root, scratch / "console.log")
        ends.callback(lambda: self.machine.nspawn.kill())
        self.begun = None

    def debian(self, name):
        """A Debian of its own, in a folder of this name, until the end."""
        folder = self.scratch / name
        folder.mkdir()
        self.ends.callback(subprocess.run, ["umount", "--recursive", "--lazy", folder], check=True)
        return layered(self.base, folder)

    def install(self, *files, options=""):
        """dpkg -i in the machine. Its end with 0 is part of every step that calls this."""
        for file in files:
            subprocess.run(["cp", file, self.machine.root / "root" / file.name], check=True)
        return self.machine.run(f"dpkg {options} -i " + " ".join(f"/root/{file.name}" for file in files))

    def paste(self, commands, typed=""):
        """Runs commands of a page, as root, so that their sudo has nothing to do."""
        return self.machine.run(f'sudo() {{ "$@"; }}\ncd /root\n{commands}', typed)

    def pid(self, unit):
        return self.machine.shows(unit, "MainPID")

    def expect(self, unit, state):
        got = self.machine.ask(f"systemctl is-active {unit}")
        assert got == state, f"{unit} is {got}, not {state}"

    def page(self, port, path):
        """What a service answers; it has to be 200."""
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).read().decode()

    def metric(self, line):
        return line in self.page(9917, "/metrics")

    def listening(self, port):
        text = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], check=True, stdout=subprocess.PIPE, text=True)
        return [line.split()[3] for line in text.stdout.splitlines()]


def take(walk):
    """Every step, up to the first that fails. Returns whether all held."""
    for function in STEPS:
        name, since = function.__name__.replace("_", " "), time.monotonic()
        try:
            note = function(walk)
        except Exception as error:
            print(f"FAILED         {name}: {error}", flush=True)
            print(walk.machine.ask(f"journalctl --unit {EXPORTER} --unit {BOT} --lines 40 --no-pager"), flush=True)
            return False
        print(f"ok   {time.monotonic() - since:6.1f} s  {name}{f' ({note})' if note else ''}", flush=True)
    return True


def main():
    base, dist, outside = (Path(argument).resolve() for argument in sys.argv[1:])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="headlag-installed-") as scratch, ExitStack() as ends:
        held = take(Walk(base, dist, outside, Path(scratch), ends))
    print(f"{'all held' if held else 'not all held'}, {time.monotonic() - begun:.0f} s", flush=True)
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
