"""What has to hold for a user of the packages, step after step."""

import json
import re
import subprocess
import time
import urllib.request

import packages
import pages
from check_pages import dead_links
from outside import until

EXPORTER, BOT = "headlag-exporter", "headlag-chartbot"
CONFIG, TOKEN = "/etc/headlag/headlag.yml", "/etc/headlag/telegram-token"
# What systemd-analyze reports as open in both units, which need the network and files of the system.
LEFT_OPEN = {
    "DeviceAllow", "IPAddressDeny", "PrivateNetwork", "PrivateUsers", "ProcSubset", "RestrictAddressFamilies_AF_INET_INET6",
    "RestrictAddressFamilies_AF_UNIX", "RootDirectoryOrRootImage", "SystemCallFilter_resources",
}
STEPS = []


def step(function):
    STEPS.append(function)
    return function


@step
def lintian_finds_no_error(walk):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", *walk.releases.first],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


@step
def debian_has_its_prometheus(walk):
    walk.machine.run("apt-get install --yes --no-install-recommends prometheus")


@step
def both_packages_install_and_nothing_starts(walk):
    walk.install(*walk.releases.first)
    for unit in (EXPORTER, BOT):
        walk.expect(unit, "inactive")
        enabled = walk.machine.ask(f"systemctl is-enabled {unit}")
        assert enabled == "disabled", f"{unit} is {enabled}"


@step
def examples_and_the_pages_that_manuals_name_are_there(walk):
    named = walk.machine.run(r"zcat /usr/share/man/man1/headlag-*.1.gz | sed 's/\\-/-/g' | grep -o 'docs/[a-z-]*\.md'")
    walk.machine.run(f"cd /usr/share/doc/{EXPORTER}; ls {named.replace(chr(10), ' ')}; cmp examples/headlag.yml {CONFIG}")
    dead = list(dead_links(walk.machine.root / f"usr/share/doc/{EXPORTER}"))
    assert dead == [], dead
    walk.machine.run(f"grep 'url: http://localhost:9918/alerts' /usr/share/doc/{BOT}/examples/alertmanager.yml")


@step
def secrets_are_for_root_alone(walk):
    for path, mode in [(TOKEN, "600"), (f"/etc/default/{EXPORTER}", "640"), (f"/etc/default/{BOT}", "640"),
                       (CONFIG, "644")]:
        found = walk.machine.run(f"stat -c '%a %U:%G' {path}").strip()
        assert found == f"{mode} root:root", f"{path} is {found}"
        seen = walk.machine.ask(f"setpriv --reuid=65534 --regid=65534 --clear-groups head -c0 {path} && echo seen")
        assert bool(seen) == (mode == "644"), f"{path}: readable for others: {bool(seen)}"


@step
def without_a_token_the_bot_does_not_start(walk):
    walk.machine.run(f"systemctl start {BOT}")
    walk.expect(BOT, "inactive")
    assert walk.machine.shows(BOT, "ConditionResult") == "no"
    assert "telegram-token" in walk.machine.ask(f"systemctl status {BOT}")


@step
def by_the_words_of_the_readme_the_status_is_right(walk):
    access, machine = walk.outside.access, walk.machine
    commands = pages.block("README.md", "make dist", access["token"], access["user"])
    for done in ("make dist\n", "sudo apt-get install -y prometheus\n"):
        assert done in commands, commands
        commands = commands.replace(done, "")
    machine.run("mkdir /root/dist; ln /root/*.deb /root/dist")
    walk.begun = time.monotonic()
    walk.paste(commands, access["token"])
    machine.write(CONFIG, walk.outside.headlag_yml)
    for command in pages.row("README.md", "package"):
        walk.paste(command)
    machine.run("promtool check config /etc/prometheus/prometheus.yml")

    def right():
        # Spaces that do not break among them.
        text = " ".join(walk.outside.ask("/status")["text"].split())
        assert text.startswith("🟢 polygon · my-node: level") and "9 of 9 references up" in text, text
        return text

    until("a right /status", right)
    return f"{time.monotonic() - walk.begun:.1f} s after dpkg -i began"


@step
def the_version_names_the_revision(walk):
    for unit, port in [(EXPORTER, 9917), (BOT, 9918)]:
        shown = walk.machine.run(f"{unit} --version").strip()
        version, revision = re.fullmatch(rf"{unit} (\S+) \((\S+)\)", shown).groups()
        info = re.search(r"^headlag\w*_build_info\{(.*)\} 1", walk.page(port, "/metrics"), re.M)[1]
        assert f'version="{version}"' in info and f'revision="{revision}"' in info, f"{shown}, but {info}"
    return shown.removeprefix(f"{BOT} ")


@step
def a_chart_comes_into_the_chat(walk):
    photo = walk.outside.photo(walk.outside.ask("/hour"))
    assert photo.startswith(b"\xff\xd8") and len(photo) > 5000, f"a picture of {len(photo)} bytes"


@step
def prometheus_has_the_rules_and_both_targets(walk):
    def ask(path):
        return json.load(urllib.request.urlopen(f"http://127.0.0.1:9090/api/v1/{path}", timeout=5))["data"]

    def both_up():
        up = {target["labels"]["job"]: target["health"] for target in ask("targets")["activeTargets"]}
        assert up == {EXPORTER: "up", BOT: "up"}, up
        return True

    # Each is scraped every 15 s.
    until("both targets are up", both_up, 30)
    assert "honor_labels: true" in ask("status/config")["yaml"]
    assert ask("status/flags")["storage.tsdb.retention.time"] == "400d"
    files = {group["file"] for group in ask("rules")["groups"]}
    assert files == {"/usr/share/headlag/rules/alerts.yml", "/usr/share/headlag/rules/recording.yml"}, files


@step
def with_a_wrong_token_the_bot_stays_up_and_asks_again(walk):
    machine = walk.machine
    machine.write(TOKEN, "7000000001:wrong")
    machine.run(f"systemctl restart {BOT}")
    pid = walk.pid(BOT)

    def refused():
        counter = r'^headlag_chartbot_telegram_errors_total\{reason="unauthorized"\} ([4-9]|\d\d)'
        return re.search(counter, walk.page(9918, "/metrics"), re.M)

    until("four refusals", refused)
    walk.page(9918, "/-/healthy")
    walk.expect(BOT, "active")
    assert (walk.pid(BOT), machine.shows(BOT, "NRestarts")) == (pid, "0"), "the bot was restarted"
    log = machine.ask(f"journalctl --output cat _SYSTEMD_INVOCATION_ID={machine.shows(BOT, 'InvocationID')}")
    said = [line for line in log.splitlines() if "does not know the token" in line]
    assert len(said) == 1 and "write it into --telegram.token-file" in said[0], log


@step
def with_the_right_token_it_answers_again(walk):
    rotation = pages.block("docs/day-two.md", "sudo tee /etc/headlag/telegram-token")
    walk.paste(rotation, walk.outside.access["token"])
    walk.outside.ask("/help")


@step
def both_listen_on_this_host_alone_and_args_can_change_it(walk):
    assert walk.listening(9917) == ["127.0.0.1:9917"], walk.listening(9917)
    assert walk.listening(9918) == ["127.0.0.1:9918"], walk.listening(9918)
    file = f"/etc/default/{EXPORTER}"
    before = walk.machine.read(file)
    walk.machine.write(file, before.replace('\nARGS=""', '\nARGS="--web.listen-address=0.0.0.0:9917"'))
    walk.machine.run(f"systemctl restart {EXPORTER}")
    until("another address", lambda: walk.listening(9917) == ["0.0.0.0:9917"], 10)
    walk.machine.write(file, before)
    walk.machine.run(f"systemctl restart {EXPORTER}")


@step
def a_reload_takes_a_changed_config(walk):
    until("the first round", lambda: walk.metric('headlag_threshold_blocks{network="polygon"} 5\n'))
    walk.machine.write(CONFIG, walk.outside.headlag_yml.replace("threshold_blocks: 5", "threshold_blocks: 7"))
    pid = walk.pid(EXPORTER)
    walk.machine.run(f"systemctl reload {EXPORTER}")
    until("the new threshold", lambda: walk.metric('headlag_threshold_blocks{network="polygon"} 7\n'))
    assert walk.pid(EXPORTER) == pid


@step
def check_config_and_probe_see_what_the_unit_sees(walk):
    machine, file = walk.machine, f"/etc/default/{EXPORTER}"
    before = machine.read(file)
    machine.write(file, f"{before}MY_KEY=key\n")
    machine.run("install -m 600 /dev/null /etc/headlag/my-node-token; echo token >/etc/headlag/my-node-token")
    secrets = "my-node\n        headers: { X-Api-Key: '${MY_KEY}' }\n" \
              "        bearer_token_file: ${CREDENTIALS_DIRECTORY}/my-node\n"
    machine.write(CONFIG, walk.outside.headlag_yml.replace("my-node\n", secrets))
    check = pages.block("docs/day-two.md", "sudo systemd-run")
    assert " check-config " in check, check
    for commands in (check, check.replace(" check-config ", " probe ")):
        walk.paste(commands)
    machine.write(file, before)
    machine.write(CONFIG, walk.outside.headlag_yml)
    machine.run("rm /etc/headlag/my-node-token")


@step
def no_name_service_module_of_the_system_is_loaded(walk):
    machine = walk.machine
    # A module that kills who loads it, as those of another glibc kill a static program.
    source = "__attribute__((constructor)) static void die(void) { __builtin_trap(); }"
    subprocess.run(["cc", "-shared", "-nostdlib", "-x", "c", "-o", walk.scratch / "trap", "-"], input=source, text=True,
                   check=True)
    subprocess.run(["cp", walk.scratch / "trap", machine.root / "usr/lib/libnss_trap.so.2"], check=True)
    machine.write("/root/nsswitch.conf", "hosts: trap files dns\n")
    machine.write("/root/names.yml", walk.outside.headlag_yml.replace("127.0.0.1", "localhost"))

    def trapped(command):
        return machine.ask("unshare --mount sh -c 'mount --bind /root/nsswitch.conf /etc/nsswitch.conf; "
                           f"{command}' >/dev/null 2>&1 && echo 0 || echo $?")

    assert trapped("getent hosts localhost") != "0", "the module is not loaded by others either"
    status = trapped("headlag-exporter probe --config.file /root/names.yml")
    assert status == "0", f"status {status} of headlag-exporter probe"
    machine.run("rm /usr/lib/libnss_trap.so.2")


@step
def the_units_are_confined(walk):
    walk.machine.run(f"systemd-analyze verify --man=no {EXPORTER}.service {BOT}.service")
    for unit in (EXPORTER, BOT):
        checks = json.loads(walk.machine.run(f"systemd-analyze security --json=short {unit}"))
        found = {check["json_field"] for check in checks if not check["set"]}
        assert found == LEFT_OPEN, f"{unit}: other than expected: {sorted(found ^ LEFT_OPEN)}"


@step
def after_a_reboot_runs_what_was_enabled(walk):
    walk.machine.run(f"systemctl disable {BOT}")
    walk.machine.reboot()
    walk.expect(EXPORTER, "active")
    walk.expect(BOT, "inactive")


@step
def an_upgrade_with_a_changed_unit_restarts_what_ran_alone(walk):
    # Enabled and stopped by hand: it stays stopped.
    walk.machine.run(f"systemctl enable {BOT}; systemctl start {BOT}; systemctl stop {BOT}")
    kept = [CONFIG, TOKEN, f"/etc/default/{EXPORTER}", f"/etc/default/{BOT}"]
    before, pid = [walk.machine.read(file) for file in kept], walk.pid(EXPORTER)
    walk.install(*walk.releases.next("Environment=CHANGED=yes"))
    walk.expect(EXPORTER, "active")
    walk.expect(BOT, "inactive")
    assert walk.pid(EXPORTER) != pid, "the exporter was not restarted"
    assert "CHANGED=yes" in walk.machine.shows(EXPORTER, "Environment"), "systemd has the old unit"
    assert walk.machine.shows(EXPORTER, "NeedDaemonReload") == "no"
    assert [walk.machine.read(file) for file in kept] == before, "an edited file was replaced"
    until("a right /metrics", lambda: walk.metric('headlag_node_state{') and walk.metric('state="ok"} 1\n'))


@step
def an_upgrade_with_a_config_that_is_refused_ends_configured(walk):
    walk.machine.write(CONFIG, walk.outside.headlag_yml.replace("timeout:", "time_out:"))
    # The new packages bring other conffiles as well: dpkg would ask, and this keeps the edited ones.
    walk.install(*walk.releases.next(config_line="# new"), options="--force-confold")
    states = walk.machine.run(f"dpkg-query --show --showformat '${{db:Status-Abbrev}} ' {EXPORTER} {BOT}")
    assert states.split() == ["ii", "ii"], states
    until("the exporter has given up", lambda: walk.machine.ask(f"systemctl is-active {EXPORTER}") == "failed", 10)
    log = walk.machine.ask(f"journalctl --unit {EXPORTER} --output cat")
    assert re.search(r"headlag\.yml:\d+.*time_out", log), log[-2000:]
    assert walk.machine.read(TOKEN) == walk.outside.access["token"], "the token was replaced"
    walk.machine.write(CONFIG, walk.outside.headlag_yml)
    walk.machine.run(f"systemctl restart {EXPORTER}")


@step
def an_upgrade_of_a_running_bot_without_a_token_ends_configured(walk):
    walk.machine.run(f"systemctl start {BOT}; cp -p {TOKEN} /root/token")
    # From then on it has its copy of the token.
    until("the bot is up", lambda: walk.listening(9918), 20)
    walk.machine.run(f": >{TOKEN}")
    walk.install(*walk.releases.next())
    walk.expect(BOT, "inactive")
    walk.machine.run(f"cp -p /root/token {TOKEN}; systemctl start {BOT}")
    walk.expect(BOT, "active")
    walk.expect(EXPORTER, "active")


@step
def a_removal_keeps_the_config_and_coming_back_starts_nothing(walk):
    walk.machine.run(f"systemctl enable {BOT}; dpkg --remove {BOT}")
    walk.expect(BOT, "inactive")
    assert walk.machine.read(TOKEN) == walk.outside.access["token"]
    walk.install(walk.releases.newest(BOT))
    walk.expect(BOT, "inactive")
    assert walk.machine.ask(f"systemctl is-enabled {BOT}") == "enabled", "the operator's decision was lost"
    walk.machine.run(f"systemctl start {BOT}")


@step
def a_purge_of_the_bot_leaves_the_exporter_alone(walk):
    pid = walk.pid(EXPORTER)
    walk.machine.run(f"dpkg --purge {BOT}")
    assert packages.left_of(walk.machine, [BOT, "telegram-token"]) == []
    assert walk.pid(EXPORTER) == pid != "0", "the exporter was restarted"
    assert walk.machine.read(CONFIG) == walk.outside.headlag_yml


@step
def a_purge_of_the_exporter_leaves_nothing(walk):
    walk.machine.run(f"dpkg --purge {EXPORTER}")
    assert packages.left_of(walk.machine, ["headlag"]) == []
    assert walk.machine.ask("pgrep headlag") == ""


@step
def the_archive_installs_by_its_own_words(walk):
    archive = next(walk.dist.glob("headlag-*-linux-*.tar.gz"))
    subprocess.run(["tar", "-xzf", archive, "-C", walk.machine.root / "root"], check=True)
    folder = f"/root/{archive.name.removesuffix('.tar.gz')}"
    inside = walk.machine.root / folder.lstrip("/")
    walk.machine.run(f"cd {folder}\n{pages.block(inside / 'INSTALL.md', 'install ')}")
    walk.machine.write(CONFIG, walk.outside.headlag_yml)
    walk.machine.run(f"cd {folder}; grep localhost:9918 alertmanager.yml; ls docs/web-config.md docs/runbooks/*.md")
    assert list(dead_links(inside)) == [], list(dead_links(inside))
    walk.machine.run(f"promtool check config {folder}/prometheus.yml; systemctl start {EXPORTER} {BOT}")
    until("a right /metrics", lambda: walk.metric('headlag_node_state{') and walk.metric('state="ok"} 1\n'))
    walk.expect(BOT, "inactive")


@step
def without_a_running_systemd_dpkg_ends_well(walk):
    packages.install_offline(walk.debian("chroot"), walk.releases)
