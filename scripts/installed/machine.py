"""A Debian that runs its own systemd in systemd-nspawn, on a layer that is thrown away."""

import subprocess
from pathlib import Path

from outside import until


def layered(base, work):
    """Mounts a writable layer over `base`; it ends with this mount namespace."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", work], check=True)
    upper, scratch, root = (work / name for name in ("upper", "scratch", "root"))
    for folder in (upper, scratch, root):
        folder.mkdir()
    options = f"lowerdir={base},upperdir={upper},workdir={scratch}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, root], check=True)
    return root


class Machine:
    """Booted at once. It shares the network of this process, and nothing else."""

    def __init__(self, root, log):
        self.root, self.log = root, log
        self.boot()

    def boot(self):
        # Without a systemd outside there is nobody to register with.
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit",
                   f"--directory={self.root}", "--machine=headlag-installed", "--console=read-only"]
        self.nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log.open("w"),
                                       stderr=subprocess.STDOUT)
        self.pid = None
        until("the machine is up", self.is_up, 90)

    def is_up(self):
        assert self.nspawn.poll() is None, f"systemd-nspawn ended: {self.log.read_text()[-2000:]}"
        children = Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        self.pid = children[0] if children else None
        return self.pid and self.ask("systemctl is-system-running") in ("running", "degraded")

    def shut_down(self):
        subprocess.run(self.inside("systemctl poweroff"), check=False)
        try:
            self.nspawn.wait(30)
        finally:
            self.nspawn.kill()

    def reboot(self):
        self.shut_down()
        self.boot()

    def inside(self, script):
        return ["nsenter", f"--target={self.pid}", "--mount", "--uts", "--ipc", "--pid", "--cgroup",
                "env", "--ignore-environment", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root",
                "DEBIAN_FRONTEND=noninteractive", "sh", "-euc", script]

    def run(self, script, typed=""):
        """Runs a script as root; it has to succeed. Returns all that it printed."""
        done = subprocess.run(self.inside(script), input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=300)
        assert done.returncode == 0, f"status {done.returncode} of: {script}\n{done.stdout}"
        return done.stdout

    def ask(self, script):
        """What a script prints, whatever its status."""
        done = subprocess.run(self.inside(script), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, timeout=60)
        return done.stdout.strip()

    def write(self, path, text):
        """Writes a file as an editor would: owner and mode stay."""
        subprocess.run(self.inside(f"cat >{path}"), input=text, text=True, check=True)

    def read(self, path):
        return self.run(f"cat {path}")

    def shows(self, unit, name):
        return self.ask(f"systemctl show --value --property={name} {unit}")
