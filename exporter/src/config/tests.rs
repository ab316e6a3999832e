//! Every way a file can be wrong, with the exact report of each.

mod access;

use std::path::Path;

use secrecy::ExposeSecret;

use super::{Config, Report};
use crate::protocol::Compare;

pub fn read(text: &str) -> Result<Config, Report> {
    let environment = |name: &str| match name {
        "KEY" => Some("s3cret".to_owned()),
        "WORDS" => Some("correct-horse".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    super::read(text, Path::new("testdata"), &environment)
        .map_err(|problems| Report { file: "headlag.yml".into(), problems })
}

/// A file that is right but for the lines `network` adds to its only network, from line 8 on.
pub fn with(network: &str) -> String {
    format!(
        "networks:\n- name: polygon\n  protocol: evm\n  references: [http://a, http://b]\n  \
         watched:\n  - name: mine\n    url: http://c\n{network}"
    )
}

#[track_caller]
pub fn check(text: &str, want: &[&str]) {
    let report = read(text).expect_err("the file is wrong").to_string();
    let problems: Vec<&str> =
        report.lines().skip(1).map(|line| line.trim_start().trim_start_matches("headlag.yml")).collect();
    assert_eq!(problems, want, "\n{text}");
    assert!(!report.contains("s3cret"), "{report}");
}

#[test]
fn a_small_file_gets_the_defaults() {
    let config = read(&with("")).unwrap();
    let network = &config.networks[0];
    assert_eq!(network.name.as_str(), "polygon");
    assert_eq!((network.poll_interval.as_secs(), network.timeout.as_secs()), (15, 5));
    assert_eq!((network.threshold_blocks, network.quorum), (5, 2));
    assert_eq!((network.stall_after.as_secs(), network.max_lead_blocks), (60, 100));
    assert_eq!(network.chain_id, None);
    let nodes: Vec<_> = network.nodes.iter().map(|node| (node.name.as_str(), node.role.label())).collect();
    assert_eq!(nodes, [("mine", "watched"), ("a", "reference"), ("b", "reference")]);
    let one = with("").replace("[http://a, http://b]", "[http://a]");
    assert_eq!(read(&one).unwrap().networks[0].quorum, 1);
}

/// A node that is level must not be implausible.
#[test]
fn max_lead_blocks_is_at_least_the_threshold() {
    for (keys, lead) in [
        ("  threshold_blocks: 1000\n", 1000),
        ("  threshold_blocks: 1000\n  max_lead_blocks: 1000\n", 1000),
        ("  threshold_blocks: 7\n", 100),
    ] {
        assert_eq!(read(&with(keys)).unwrap().networks[0].max_lead_blocks, lead, "{keys}");
    }
    check(
        &with("  max_lead_blocks: 4\n"),
        &[":8: networks[0].max_lead_blocks: must be at least threshold_blocks, which is 5"],
    );
}

#[test]
fn everything_can_be_set() {
    let config = read(&with(
        "  poll_interval: 6s\n  timeout: 4s\n  chain_id: 137\n  threshold_blocks: 7\n  stall_after: 1m30s\n  quorum: 1\n  \
         max_lead_blocks: 50\n",
    )
    .replace(
        "    url: http://c\n",
        "    url: http://c/${KEY}\n    headers: { X-Api-Key: \"${KEY}\" }\n    \
         basic_auth: { username: me, password_file: password }\n",
    ))
    .unwrap();
    let network = &config.networks[0];
    assert_eq!((network.poll_interval.as_secs(), network.threshold_blocks, network.quorum), (6, 7, 1));
    assert_eq!((network.stall_after.as_secs(), network.max_lead_blocks), (90, 50));
    assert_eq!(network.chain_id, Compare::AsNumbers.read("137"));
    assert_eq!(network.timeout.as_secs(), 4);
    let watched = &network.nodes[0];
    assert_eq!(watched.url.expose_secret(), "http://c/s3cret");
    assert_eq!(watched.headers["x-api-key"], "s3cret");
    assert!(watched.access.credentials.is_some());
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn the_file_that_comes_with_headlag_is_right() {
    let config = read(include_str!("../../../config/headlag.example.yml")).unwrap();
    assert!(config.networks[0].nodes.len() >= 9);
}

#[test]
fn a_file_that_is_no_config_is_refused_as_a_whole() {
    check("", &[": is empty; start from headlag.example.yml, which comes with headlag"]);
    check("# only a comment\n", &[": is empty; start from headlag.example.yml, which comes with headlag"]);
    check(
        "a: [1\nb: s3cret\n",
        &[
            ":2: is not valid YAML here; look for a wrong indent, an unclosed quote or bracket, a ${NAME} inside { } without quotes, a tab, or a second document (---)",
        ],
    );
    check("- s3cret\n", &[":1: must be a mapping with the keys poll_interval, timeout, networks"]);
    check("networks: []\n", &[":1: networks: is empty; list at least one network"]);
    check("poll_interval: 10s\n", &[":1: networks: is missing; list at least one network"]);
}

#[test]
fn durations_and_numbers_have_their_range() {
    let range = "must be a length of time with its unit, such as 15s or 1m30s, from 100ms to 1d";
    for wrong in ["15", "-5s", "0s", "2d", "s3cret", "1e9s"] {
        check(&format!("poll_interval: {wrong}\n{}", with("")), &[&format!(":1: poll_interval: {range}")]);
    }
    check(&with("  quorum: 3\n"), &[":8: networks[0].quorum: must be at most 2, the number of references"]);
    check(
        &with("  threshold_blocks: 0\n"),
        &[":8: networks[0].threshold_blocks: must be a whole number from 1 to 9007199254740992"],
    );
    check(&with("  quorum:\n"), &[":8: networks[0].quorum: is empty; give it a value"]);
    check(&with("  quorum: [1]\n"), &[":8: networks[0].quorum: must be a single value"]);
}

#[test]
fn a_timeout_is_below_every_interval() {
    check(
        &format!("poll_interval: 5s\ntimeout: 5s\n{}", with("")),
        &[":2: timeout: must be below poll_interval (5s); make it shorter"],
    );
    check(
        &format!("timeout: 15s\n{}", with("")),
        &[":1: timeout: must be below poll_interval (15s by default); make it shorter"],
    );
    check(
        &format!("poll_interval: 4s\n{}", with("")),
        &[
            ":1: poll_interval: must be above timeout (5s by default); make it longer, or set a shorter timeout",
        ],
    );
    check(
        &with("  poll_interval: 2s\n"),
        &[
            ":8: networks[0].poll_interval: must be above timeout (5s by default); make it longer, or set a shorter timeout",
        ],
    );
    read(&with("  poll_interval: 6s\n  timeout: 5900ms\n")).unwrap();
    read(&format!("timeout: 15s\npoll_interval: 20s\n{}", with("  poll_interval: 15s\n  timeout: 14s\n")))
        .unwrap();
    check(
        &with("  timeout: 15s\n"),
        &[":8: networks[0].timeout: must be below poll_interval (15s by default); make it shorter"],
    );
    check(
        &with("  poll_interval: 6s\n  timeout: 6s\n"),
        &[":9: networks[0].timeout: must be below networks[0].poll_interval (6s); make it shorter"],
    );
}

#[test]
fn stall_after_is_at_least_three_intervals() {
    read(&with("  poll_interval: 20s\n")).unwrap();
    read(&with("  stall_after: 45s\n")).unwrap();
    check(
        &with("  stall_after: 44s\n"),
        &[
            ":8: networks[0].stall_after: must be at least three times poll_interval (15s by default); make it 45s or longer, or poll_interval shorter",
        ],
    );
    // What is already wrong has no consequences of its own.
    for wrong in
        ["  stall_after: soon\n  poll_interval: 60s\n", "  stall_after: 50s\n  poll_interval: soon\n"]
    {
        let problems = read(&with(wrong)).unwrap_err();
        assert_eq!(problems.to_string().lines().count(), 2, "a heading and one problem: {problems}");
    }
    check(
        &format!("poll_interval: 60s\n{}", with("  stall_after: 2m\n")),
        &[
            ":9: networks[0].stall_after: must be at least three times poll_interval (60s); make it 180s or longer, or poll_interval shorter",
        ],
    );
    // The default may be what does not fit.
    check(
        &with("  poll_interval: 30s\n"),
        &[
            ":8: networks[0].poll_interval: must be at most a third of stall_after (60s by default); set stall_after: 90s or longer, or a shorter poll_interval",
        ],
    );
    check(
        &format!("poll_interval: 30s\n{}", with("")),
        &[
            ":1: poll_interval: must be at most a third of stall_after (60s by default); set stall_after: 90s or longer, or a shorter poll_interval",
        ],
    );
}

#[test]
fn a_host_that_holds_a_variable_is_no_name() {
    let problem = "its host depends on a variable, and the host would be shown as the name; write name: and url: instead";
    for url in [
        "https://${KEY}.example.org/",
        "https://rpc.${KEY}/",
        "${KEY}://x",
        "https://rpc.example:${KEY}@${KEY}",
    ] {
        let text = with("").replace("[http://a, http://b]", &format!("[http://a, \"{url}\"]"));
        let report = read(&text).expect_err(url).to_string();
        assert!(!report.contains("s3cret"), "{report}");
        if !url.starts_with('$') {
            check(&text, &[&format!(":4: networks[0].references[1]: {problem}")]);
        }
    }
    check(
        &with("").replace("http://b]", "{url: \"https://${KEY}.example.org/\"}]"),
        &[&format!(":4: networks[0].references[1].url: {problem}")],
    );
    for url in
        ["https://rpc.example/${KEY}", "https://me:${KEY}@rpc.example/", "https://rpc.example/?k=${KEY}"]
    {
        let config = read(&with("").replace("http://b]", &format!("\"{url}\"]"))).unwrap();
        assert_eq!(config.networks[0].nodes[2].name.as_str(), "rpc.example");
    }
    let named = "{name: b, url: \"https://${KEY}.example.org/\"}]";
    assert_eq!(read(&with("").replace("http://b]", named)).unwrap().networks[0].nodes[2].name.as_str(), "b");
}

#[test]
fn names_are_fit_for_a_label_and_unique() {
    let rule = "must be at most 63 of a-z, 0-9, '_', '.' and '-', and begin with a letter or digit";
    for wrong in ["Mine", "my node", "-mine", "http://s3cret", &"x".repeat(64)] {
        check(
            &with("").replace("name: mine", &format!("name: {wrong}")),
            &[&format!(":6: networks[0].watched[0].name: {rule}")],
        );
    }
    check(
        &with("  - name: a\n    url: http://d\n").replace("[http://a, http://b]", "[http://a]"),
        &[":8: networks[0].watched[1]: is named a like the node on line 4; give it a name of its own"],
    );
    check(
        &with(
            "- name: polygon\n  protocol: evm\n  references: [http://a]\n  watched: [{name: m, url: http://b}]\n",
        ),
        &[":8: networks[1]: is named polygon like the one on line 2; rename one"],
    );
    check(
        &with("").replace("http://b]", "\"http://[::1]:8545\"]"),
        &[":4: networks[0].references[1]: its host cannot be a name; write name: and url: instead"],
    );
}

#[test]
fn nodes_on_one_line_are_distinguished_too() {
    check(
        &with("").replace("[http://a, http://b]", "[http://a, http://a]"),
        &[
            ":4: networks[0].references[1]: has the same url as the node on line 4; keep one of the two",
            ":4: networks[0].references[1]: is named a like the node on line 4; give it a name of its own",
        ],
    );
}

#[test]
fn a_url_is_http_unique_and_never_shown() {
    let rule = "must be an address such as http://10.0.0.5:8545 or https://node.example/";
    for wrong in ["ws://c/s3cret", "c:8545", "s3cret", "http://", "http://s3cret:port"] {
        check(
            &with("").replace("url: http://c", &format!("url: {wrong}")),
            &[&format!(":7: networks[0].watched[0].url: {rule}")],
        );
    }
    check(
        &with("").replace("url: http://c", "url: http://a/"),
        &[":6: networks[0].watched[0]: has the same url as the node on line 4; keep one of the two"],
    );
}

#[test]
fn variables_are_set_and_well_written() {
    let c = |url: &str| with("").replace("url: http://c", &format!("url: http://c/{url}"));
    let at = ":7: networks[0].watched[0].url:";
    for name in ["UNSET", "EMPTY"] {
        let problem = format!(
            "{at} the environment variable {name} is not set or empty; set it, or take ${{{name}}} out"
        );
        check(&c(&format!("${{{name}}}")), &[&problem]);
    }
    let problem = format!("{at} has a ${{ that is not followed by a variable's name and a }}");
    for wrong in ["${KEY", "${}", "${s3cret key}"] {
        check(&c(wrong), &[&problem]);
    }
}

#[test]
fn headers_can_be_sent_and_are_the_users_to_set() {
    let at = "networks[0].watched[0]";
    check(
        &with(
            "    headers: {\"s3cret header\": x, host: y, Content-Length: 5, Transfer-Encoding: chunked}\n",
        ),
        &[
            &format!(":8: {at}.headers: holds a name that no HTTP header can have"),
            &format!(":8: {at}.headers.Content-Length: is set by headlag itself; take it out"),
            &format!(":8: {at}.headers.Transfer-Encoding: is set by headlag itself; take it out"),
            &format!(":8: {at}.headers.host: is set by headlag itself; take it out"),
        ],
    );
}

#[test]
fn unknown_and_repeated_keys_are_named_and_pasted_urls_are_not() {
    check(
        &with("  treshold: 5\n"),
        &[
            ":8: networks[0].treshold: unknown key; known here: name, protocol, head, chain, chain_id, poll_interval, timeout, threshold_blocks, stall_after, quorum, max_lead_blocks, proxy_url, references, watched",
        ],
    );
    check(
        &with("    https://s3cret: 5\n"),
        &[
            ":8: networks[0].watched[0]: unknown key; known here: name, url, headers, bearer_token_file, basic_auth, timeout, ca_file, insecure_skip_verify",
        ],
    );
    check(
        &with("  quorum: 1\n  quorum: 2\n"),
        &[":9: networks[0].quorum: repeats the key of line 8; keep one of the two"],
    );
}

#[test]
fn five_problems_are_reported_at_once() {
    let text = "\
timeout: 20s
networks:
- name: polygon
  protocol: ethereum
  quorum: 7
  references:
  - https://a.example/${KEY}
  - https://b.example/${UNSET}
  watched:
  - name: mine
    url: https://a.example/${KEY}
";
    let report = read(text).unwrap_err().to_string();
    assert_eq!(
        report,
        "\
headlag.yml has 5 problems:
  headlag.yml:1: timeout: must be below poll_interval (15s by default); make it shorter
  headlag.yml:4: networks[0].protocol: ethereum is unknown; did you mean evm? known are evm, solana, cosmos, bitcoin, substrate, starknet, near, aptos, sui, tron, ton, xrpl, stellar, cardano, filecoin, tezos, algorand, json
  headlag.yml:5: networks[0].quorum: must be at most 2, the number of references
  headlag.yml:8: networks[0].references[1]: the environment variable UNSET is not set or empty; set it, or take ${UNSET} out
  headlag.yml:10: networks[0].watched[0]: has the same url as the node on line 7; keep one of the two"
    );
}
