"""Prints what the programs are made of, on either architecture, as an SBOM in CycloneDX's format.

    sbom.py VERSION

It depends on Cargo.lock, SOURCE_DATE_EPOCH and the tool chain alone.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
from collections import defaultdict
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ["headlag-exporter", "headlag-chartbot"]
TARGETS = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def linked():
    """Crates as (name, version), each with those that it links to."""
    graph = defaultdict(set)
    for target in TARGETS:
        for program in PROGRAMS:
            path = []
            # A line is its depth, the name and the version; where a crate comes again, its own
            # crates are left out.
            for line in run("cargo", "tree", "--locked", "--package", program, "--target", target, "--edges",
                            "normal,no-proc-macro", "--prefix", "depth", "--format", "{p}").splitlines():
                depth, name, version = re.match(r"(\d+)(\S+) v(\S+)", line).groups()
                del path[int(depth):]
                graph[name, version]
                if path:
                    graph[path[-1]].add((name, version))
                path.append((name, version))
    return graph


def packages():
    """What cargo knows about each crate, by (name, version)."""
    filters = [f"--filter-platform={target}" for target in TARGETS]
    metadata = json.loads(run("cargo", "metadata", "--locked", "--format-version=1", *filters))
    return {(package["name"], package["version"]): package for package in metadata["packages"]}


def license_of(package):
    """The SPDX expression; older crates write a slash for OR."""
    return package["license"].replace("/", " OR ")


def purl(key):
    return "pkg:cargo/{}@{}".format(*key)


def tool_chain():
    """What is linked besides crates: name, version, license, where it comes from."""
    listed = run("scripts/third-party-licenses", "--tool-chain").splitlines()
    return [line.split("\t")[:4] for line in listed]


def checksums():
    """Those of Cargo.lock, by (name, version). Python before 3.11, as in Ubuntu 22.04, reads no TOML."""
    entry = r'^name = "(.+)"\nversion = "(.+)"\nsource = .*\nchecksum = "(.+)"$'
    return {(name, of): digest for name, of, digest in re.findall(entry, (ROOT / "Cargo.lock").read_text(), re.M)}


def sbom(version, graph, known):
    sums = checksums()
    components = []
    for key in sorted(graph):
        package = known[key]
        component = {"type": "application" if key[0] in PROGRAMS else "library", "bom-ref": purl(key),
                     "name": key[0], "version": key[1], "description": package["description"],
                     "licenses": [{"expression": license_of(package)}]}
        if package["source"]:
            component["purl"] = purl(key)
            component["hashes"] = [{"alg": "SHA-256", "content": sums[key]}]
        if package["repository"]:
            component["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
        components.append({name: value for name, value in component.items() if value})
    others = [{"type": "library", "bom-ref": f"{name}@{of}", "name": name, "version": of,
               "licenses": [{"expression": license}], "externalReferences": [{"type": "website", "url": url}]}
              for name, of, license, url in tool_chain()]
    programs = [key for key in graph if key[0] in PROGRAMS]
    edges = {purl(key): sorted(map(purl, graph[key])) for key in graph}
    for key in programs:
        edges[purl(key)] += [other["bom-ref"] for other in others if key[0] == "headlag-chartbot"
                             or other["licenses"] != [{"expression": "OFL-1.1"}]]
    edges[f"headlag@{version}"] = sorted(map(purl, programs))
    bill = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc).isoformat(),
            "component": {"type": "application", "bom-ref": f"headlag@{version}", "name": "headlag",
                          "version": version, "licenses": [{"expression": "Apache-2.0"}]},
        },
        "components": components + others,
        "dependencies": [{"ref": ref, "dependsOn": edges[ref]} for ref in sorted(edges)],
    }
    digest = hashlib.sha256(json.dumps(bill).encode()).hexdigest()
    return {"serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, digest).urn} | bill


def main():
    bill = sbom(sys.argv[1], linked(), packages())
    print(json.dumps(bill, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
