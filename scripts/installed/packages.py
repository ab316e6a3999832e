"""The packages of a release, of later ones, and what they leave behind."""

import subprocess

NAMES = ["headlag-exporter", "headlag-chartbot"]


class Releases:
    """The packages in dist/, and the same with a higher revision."""

    def __init__(self, dist, folder):
        self.first = [next(dist.glob(f"{name}_*.deb")) for name in NAMES]
        self.folder, self.revision, self.config_line = folder, 1, None
        folder.mkdir()

    def next(self, unit_line=None, config_line=None):
        """Both packages once more, newer, if wanted with a line more in the units, or from now on in each
        conffile."""
        self.revision += 1
        self.config_line = config_line or self.config_line
        return [self.make(name, deb, unit_line) for name, deb in zip(NAMES, self.first)]

    def make(self, name, deb, unit_line):
        tree = self.folder / f"{name}-{self.revision}"
        subprocess.run(["dpkg-deb", "--raw-extract", deb, tree], check=True)
        control = tree / "DEBIAN/control"
        version = next(line for line in control.read_text().splitlines() if line.startswith("Version: "))
        newer = f"{version.rsplit('-', 1)[0]}-{self.revision}"
        control.write_text(control.read_text().replace(version, newer))
        if unit_line:
            unit = tree / f"usr/lib/systemd/system/{name}.service"
            unit.write_text(unit.read_text().replace("[Service]\n", f"[Service]\n{unit_line}\n"))
        for conffile in (tree / "DEBIAN/conffiles").read_text().split() if self.config_line else []:
            with (tree / conffile.lstrip("/")).open("a") as file:
                file.write(f"{self.config_line}\n")
        made = self.folder / f"{name}-{self.revision}.deb"
        subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "--build", tree, made], check=True,
                       stdout=subprocess.DEVNULL)
        return made

    def newest(self, name):
        return self.folder / f"{name}-{self.revision}.deb"


def left_of(machine, names):
    """Every file whose path has one of `names` in it, outside of /root, where the walk keeps its own."""
    tests = " -o ".join(f"-path '*{name}*'" for name in names)
    return machine.run(f"find / -xdev \\( {tests} \\) -not -path '/root/*'").split()


def install_offline(root, releases):
    """Installation, upgrade and purge where no systemd runs, as in a chroot that becomes an image."""
    def run(script):
        done = subprocess.run(["chroot", root, "sh", "-euc", script], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, f"status {done.returncode} of: {script}\n{done.stdout}"
        return done.stdout

    for files in (releases.first, releases.next()):
        for file in files:
            subprocess.run(["cp", file, root / "root"], check=True)
        run("dpkg -i " + " ".join(f"/root/{file.name}" for file in files))
    run("dpkg --purge headlag-exporter; test -f /etc/headlag/telegram-token; ! test -e /etc/headlag/headlag.yml")
    run("dpkg --purge headlag-chartbot; ! test -e /etc/headlag")
    left = run("find / -xdev -path '*headlag*' -not -path '/root/*' -not -path '/proc/*'").split()
    assert left == [], left
