//! Timeouts, credentials, certificates and the proxy of nodes.

use std::time::Duration;

use super::*;
use crate::config::ProxyKind;

const AT: &str = "networks[0].watched[0]";
const MISSING: &str = "the file it names: cannot read it: No such file or directory (os error 2)";

#[test]
fn a_node_may_have_its_own_timeout_below_the_interval() {
    let config = read(&with("    timeout: 3s\n")).unwrap();
    let timeouts: Vec<_> = config.networks[0].nodes.iter().map(|node| node.access.timeout).collect();
    assert_eq!(timeouts, [Some(Duration::from_secs(3)), None, None]);
    check(
        &with("    timeout: 15s\n"),
        &[&format!(":8: {AT}.timeout: must be below poll_interval (15s by default); make it shorter")],
    );
    check(
        &with("    timeout: 10s\n  poll_interval: 10s\n"),
        &[&format!(":8: {AT}.timeout: must be below networks[0].poll_interval (10s); make it shorter")],
    );
    check(
        &with("    timeout: soon\n  poll_interval: 10s\n"),
        &[&format!(
            ":8: {AT}.timeout: must be a length of time with its unit, such as 15s or 1m30s, from 100ms to 1d"
        )],
    );
}

#[test]
fn credentials_are_given_once_and_can_be_read() {
    for (lines, problem) in [
        ("    bearer_token_file: nothing-here\n", format!(":8: {AT}.bearer_token_file: {MISSING}")),
        ("    basic_auth: {file: nothing-here}\n", format!(":8: {AT}.basic_auth.file: {MISSING}")),
        (
            "    bearer_token_file: password\n",
            format!(
                ":8: {AT}.bearer_token_file: the file it names: it holds spaces; write the token alone, without Bearer before it"
            ),
        ),
        (
            "    bearer_token_file: cookie\n    basic_auth: {username: me, password_file: password}\n",
            format!(":9: {AT}.basic_auth: is given beside bearer_token_file; keep one of the two"),
        ),
        (
            "    headers: {authorization: s3cret}\n    bearer_token_file: cookie\n",
            format!(
                ":9: {AT}.bearer_token_file: is given beside an Authorization header; keep one of the two"
            ),
        ),
        (
            "    basic_auth: {username: me}\n",
            format!(":8: {AT}.basic_auth.password_file: is missing; name a file that holds the password"),
        ),
        (
            "    basic_auth: {password_file: password}\n",
            format!(
                ":8: {AT}.basic_auth.username: is missing; write the user's name, or name a file: that holds user:password"
            ),
        ),
        (
            "    basic_auth: {file: password}\n",
            format!(
                ":8: {AT}.basic_auth.file: the file it names: it holds no user:password; write both into it, on one line"
            ),
        ),
        (
            "    basic_auth: {file: cookie, username: me}\n",
            format!(":8: {AT}.basic_auth.username: is given beside file, which holds user:password"),
        ),
    ] {
        check(&with(lines), &[&problem]);
    }
    for user in ["me:s3cret@", "me@", ":s3cret@"] {
        check(
            &with("    basic_auth: {file: cookie}\n").replace("http://c", &format!("http://{user}c")),
            &[&format!(":6: {AT}: has credentials in its url and beside it; keep one of the two")],
        );
    }
    read(&with("    basic_auth: {file: cookie}\n")).unwrap();
}

#[test]
fn certificates_are_in_pem_and_can_be_read() {
    let config = read(&with("    ca_file: ca.pem\n    insecure_skip_verify: true\n")).unwrap();
    let tls = &config.networks[0].nodes[0].access.tls;
    assert!(tls.skip_verify && tls.roots.as_ref().is_some_and(|roots| roots.len() == 1));
    assert!(!config.networks[0].nodes[1].access.tls.skip_verify);
    for (lines, problem) in [
        ("    ca_file: nothing-here\n", format!(":8: {AT}.ca_file: {MISSING}")),
        (
            "    ca_file: password\n",
            format!(
                ":8: {AT}.ca_file: the file it names: it holds no certificates in PEM; each is between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----"
            ),
        ),
        (
            "    ca_file: no-ca.pem\n",
            format!(
                ":8: {AT}.ca_file: the file it names: it holds a certificate that cannot be read; export the authority's certificate again, as X.509 in PEM"
            ),
        ),
        (
            "    insecure_skip_verify: maybe\n",
            format!(":8: {AT}.insecure_skip_verify: must be true or false"),
        ),
    ] {
        check(&with(lines), &[&problem]);
    }
}

#[test]
fn a_proxy_is_for_all_nodes_of_its_network() {
    for (url, kind, host, port) in [
        ("http://10.0.0.5:3128", ProxyKind::Http, "10.0.0.5", 3128),
        ("http://proxy.example/", ProxyKind::Http, "proxy.example", 80),
        ("https://me:${KEY}@proxy.example", ProxyKind::Https, "proxy.example", 443),
        ("socks5h://[::1]", ProxyKind::Socks5, "::1", 1080),
    ] {
        let config = read(&with(&format!("  proxy_url: \"{url}\"\n"))).unwrap();
        for node in &config.networks[0].nodes {
            let proxy = node.access.proxy.as_ref().unwrap();
            assert_eq!((proxy.kind, &*proxy.host, proxy.port), (kind, host, port));
            assert_eq!(proxy.login.is_some(), url.contains('@'));
        }
        let shown = format!("{config:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("proxy.example"), "{shown}");
    }
    let at = ":8: networks[0].proxy_url:";
    for (url, what) in [
        ("socks5://h", "must begin with socks5h://; the proxy looks up the names of the nodes"),
        ("ftp://s3cret", "must begin with http://, https:// or socks5h://"),
        ("10.0.0.5:3128", "must be the address of a proxy, such as http://10.0.0.5:3128"),
        ("http://me:s3cret/@h:80", "must be the address of a proxy, such as http://10.0.0.5:3128"),
        (
            "http://h/s3cret",
            "must end after the port; write / as %2F, ? as %3F and # as %23 in user and password",
        ),
        ("http://%ff@h", "has a user or password that is not UTF-8"),
    ] {
        check(&with(&format!("  proxy_url: \"{url}\"\n")), &[&format!("{at} {what}")]);
    }
    let long = "x".repeat(256);
    check(
        &with(&format!("  proxy_url: socks5h://{long}@h\n")),
        &[&format!("{at} has a user or password longer than the 255 bytes that SOCKS 5 allows")],
    );
}
