//! Web configs, right and wrong.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::{ProtocolVersion, SupportedCipherSuite};
use tempfile::TempDir;

use super::*;

/// A folder with a certificate of an authority, one for a server, its key, and another key.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let [key, other] = [(); 2].map(|()| KeyPair::generate().unwrap());
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    write("server.pem", &params.self_signed(&key).unwrap().pem());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    write("ca.pem", &params.self_signed(&other).unwrap().pem());
    write("server.key", &key.serialize_pem());
    write("other.key", &other.serialize_pem());
    // By openssl genpkey; rcgen makes none of these.
    write("p521.key", include_str!("../../../testdata/p521.key"));
    write("rsa1024.key", include_str!("../../../testdata/rsa1024.key"));
    write("locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n");
    folder
}

fn parsed(folder: &TempDir, text: &str) -> Result<Rules, Vec<Problem>> {
    parse(text, folder.path(), &mut Files::default())
}

/// In a flow mapping, so that a row is a line.
const PAIR: &str = "cert_file: server.pem, key_file: server.key";
const HASH: &str = "$2b$04$headlagheadlagheadlagOEXB9b2IuX1TvlRuFi3Zz4mUyBFdgSWu";

#[test]
fn what_is_wrong_is_reported_by_line_and_key() {
    let folder = folder();
    let check = |text: &str, want: &[&str]| {
        let problems = parsed(&folder, text).err().unwrap_or_default();
        let texts: Vec<_> =
            problems.iter().map(|Problem { line, key, what }| format!("{line}: {key}: {what}")).collect();
        assert_eq!(texts, want, "{text}");
    };
    let tls = |more: &str| format!("tls_server_config: {{{PAIR}, {more}}}");

    check(
        "[",
        &[
            "1: : is not valid YAML here; look for a wrong indent, an unclosed quote or bracket, a ${NAME} inside { } without quotes, a tab, or a second document (---)",
        ],
    );
    check(
        "- x",
        &[
            "1: : must be a mapping with the keys tls_server_config, http_server_config, basic_auth_users, rate_limit",
        ],
    );
    check(
        "tls_config: {}\nbasic_auth_users: {}\nbasic_auth_users: {}\n",
        &[
            "1: tls_config: unknown key; known here: tls_server_config, http_server_config, basic_auth_users, rate_limit",
            "2: basic_auth_users: is empty; name at least one user, or remove the key",
            "3: basic_auth_users: repeats the key of line 2; keep one of the two",
        ],
    );

    check(
        "tls_server_config: {min_version: TLS12}",
        &[
            "1: tls_server_config.cert_file: is missing; name the file, in PEM",
            "1: tls_server_config.key_file: is missing; name the file, in PEM",
        ],
    );
    check(
        "tls_server_config:\n  cert_file: nowhere.pem\n  key_file: server.pem\n  cert: x\n",
        &[
            "2: tls_server_config.cert_file: is set together with cert; keep one of the two",
            "3: tls_server_config.key_file: holds no private key in PEM",
        ],
    );
    check(
        "tls_server_config:\n  cert_file: nowhere.pem\n  key_file: locked.key\n",
        &[
            "2: tls_server_config.cert_file: the file it names: cannot read it: No such file or directory (os error 2)",
            "3: tls_server_config.key_file: holds an encrypted key; decrypt it first, as with openssl pkey",
        ],
    );
    for key in ["p521.key", "rsa1024.key"] {
        check(
            &format!("tls_server_config:\n  cert_file: server.pem\n  key_file: {key}\n"),
            &[
                "3: tls_server_config.key_file: holds a key of a kind that is not supported; supported: ECDSA on P-256 or P-384, Ed25519, RSA of 2048 to 4096 bits",
            ],
        );
    }
    check(
        "tls_server_config: {cert: s3cret, key: s3cret}",
        &[
            "1: tls_server_config.cert: holds no certificates in PEM",
            "1: tls_server_config.key: holds no private key in PEM",
        ],
    );
    check(
        "tls_server_config: {cert_file: server.pem, key_file: other.key}",
        &["1: tls_server_config.cert_file: does not belong to the key; give the key that it was made for"],
    );
    check(
        &tls("min_version: TLS10, max_version: TLS11"),
        &[
            "1: tls_server_config.max_version: TLS11 is not secure and not supported; set TLS12 or TLS13",
            "1: tls_server_config.min_version: TLS10 is not secure and not supported; set TLS12 or TLS13",
        ],
    );
    check(
        &tls("min_version: TLS13, max_version: TLS12"),
        &["1: tls_server_config.max_version: is below min_version; swap the two"],
    );
    check(&tls("max_version: '1.3'"), &["1: tls_server_config.max_version: must be TLS12 or TLS13"]);

    const SUITES: &str = "supported: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, \
                          TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, \
                          TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, \
                          TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256";
    check(
        &tls("cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA, TLS_AES_128_GCM_SHA256, my-s3cret]"),
        &[
            &format!(
                "1: tls_server_config.cipher_suites[0]: TLS_RSA_WITH_AES_128_CBC_SHA is not supported; {SUITES}"
            ),
            &format!("1: tls_server_config.cipher_suites[2]: the suite is not supported; {SUITES}"),
        ],
    );
    check(
        &tls("cipher_suites: [TLS_AES_128_GCM_SHA256], max_version: TLS12"),
        &["1: tls_server_config.cipher_suites: holds no suite of TLS 1.2, which max_version demands"],
    );
    check(
        &tls("curve_preferences: [CurveP521], prefer_server_cipher_suites: '${NO_VARIABLE_HERE}'"),
        &[
            "1: tls_server_config.curve_preferences[0]: CurveP521 is not supported; supported: X25519, CurveP256, CurveP384",
            "1: tls_server_config.prefer_server_cipher_suites: must be true or false",
        ],
    );

    check(
        &tls("client_auth_type: Always"),
        &[
            "1: tls_server_config.client_auth_type: must be one of NoClientCert, RequestClientCert, RequireAnyClientCert, \
           VerifyClientCertIfGiven, RequireAndVerifyClientCert",
        ],
    );
    for policy in ["VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] {
        check(
            &tls(&format!("client_auth_type: {policy}")),
            &[
                "1: tls_server_config.client_auth_type: needs client_ca_file, to verify the certificates of clients with",
            ],
        );
    }
    check(
        &tls("client_ca_file: ca.pem"),
        &[
            "1: tls_server_config.client_ca_file: is without effect; set client_auth_type to RequireAndVerifyClientCert",
        ],
    );
    check(
        &tls("client_ca_file: server.key, client_auth_type: RequireAndVerifyClientCert"),
        &["1: tls_server_config.client_ca_file: holds no certificates in PEM"],
    );
    check(
        &tls("client_ca_file: ca.pem, client_auth_type: VerifyClientCertIfGiven, client_allowed_sans: [a]"),
        &["1: tls_server_config.client_allowed_sans: needs client_auth_type RequireAndVerifyClientCert or \
           RequireAnyClientCert, since others let clients in without a certificate"],
    );
    check(
        &tls("client_auth_type: RequireAnyClientCert, client_allowed_sans: []"),
        &[
            "1: tls_server_config.client_allowed_sans: is empty; name at least one, as certificates have it, or remove the key",
        ],
    );
    for nothing in ["", " {}", " ''"] {
        check(
            &format!("tls_server_config:{nothing}\nbasic_auth_users:{nothing}\n"),
            &[
                "1: tls_server_config: is empty; name cert_file and key_file, or remove the key",
                "2: basic_auth_users: is empty; name at least one user, or remove the key",
            ],
        );
    }

    check(
        "http_server_config: {http2: perhaps, headers: {X-Frame-Options: never, Server: x, X-XSS-Protection: \"a\\nb\"}}",
        &[
            "1: http_server_config.headers.Server: unknown key; known here: Content-Security-Policy, X-Frame-Options, \
             X-Content-Type-Options, X-XSS-Protection, Strict-Transport-Security",
            "1: http_server_config.headers.X-Frame-Options: must be deny or sameorigin",
            "1: http_server_config.headers.X-XSS-Protection: holds U+000A LINE FEED, which is invisible; remove that character",
            "1: http_server_config.http2: must be true or false",
        ],
    );

    const NO_HASH: &str =
        "is not a hash of bcrypt; make one with `htpasswd -nBC 10 USER`, it begins with $2y$";
    check(
        &format!(
            "basic_auth_users:\n  ada: s3cret\n  bob: {HASH}x\n  eve: {HASH}\n  eve: {HASH}\n  a:b: {HASH}\n  joe:\n  tim: {}\n",
            HASH.replace("$04$", "$31$")
        ),
        &[
            &format!("2: basic_auth_users.ada: {NO_HASH}"),
            &format!("3: basic_auth_users.bob: {NO_HASH}"),
            "5: basic_auth_users.eve: repeats a user; keep one of the two",
            "6: basic_auth_users: holds a name that cannot log in: it is empty or has a colon",
            "7: basic_auth_users.joe: is empty; give it a value",
            "8: basic_auth_users.tim: has a cost outside of 4 to 18; 10 to 12 are usual",
        ],
    );
    check(
        "rate_limit: {interval: 1s}",
        &["1: rate_limit: needs a burst of at least 1, or every request would be refused"],
    );
    check(
        "rate_limit: {interval: 1, burst: many}",
        &[
            "1: rate_limit.burst: must be a whole number from 0 to 1000000",
            "1: rate_limit.interval: must be a length of time with its unit, such as 15s or 1m30s, from 0s to 1d",
        ],
    );
}

#[test]
fn a_report_names_the_file_and_no_secret() {
    let folder = folder();
    let path = folder.path().join("web.yml");
    fs::write(&path, format!("basic_auth_users:\n  ada: s3cret\n  {HASH}: ada\n  s3cret\n")).unwrap();
    let report = load(&path, &mut Files::default()).err().unwrap().to_string();
    assert!(report.starts_with(&path.display().to_string()), "{report}");
    fs::write(&path, format!("basic_auth_users:\n  ada: s3cret\n  {HASH}: ada\n  '': {HASH}\n")).unwrap();
    let report = report + &load(&path, &mut Files::default()).err().unwrap().to_string();
    assert!(!report.contains("s3cret") && !report.contains("headlagheadlag"), "{report}");
}

#[test]
fn what_is_empty_demands_nothing() {
    let folder = folder();
    for text in ["", "# nothing\n", "http_server_config:\nrate_limit:\n", "rate_limit: {interval: 0s}"] {
        let rules = parsed(&folder, text).unwrap();
        assert!(rules.tls.is_none() && rules.users.is_empty() && rules.rate.is_none(), "{text}");
    }
    let unset = "cert: '', client_ca_file: '', client_auth_type: ''";
    let tls = parsed(&folder, &format!("tls_server_config: {{{PAIR}, {unset}}}")).unwrap().tls.unwrap();
    assert!(!tls.requires_certificate);
}

#[test]
fn what_new_rules_would_switch_off_is_named() {
    let folder = folder();
    let tls = |more: &str| format!("tls_server_config: {{{PAIR}, {more}}}\n");
    let verified = "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem";
    let named = tls(&format!("{verified}, client_allowed_sans: [a]"));
    let [verified, any, open] = [&tls(verified), &tls("client_auth_type: RequireAnyClientCert"), &tls("")];
    let login = &format!("basic_auth_users: {{ada: {HASH}}}\n");
    let (all, others) = (named.clone() + login, named.replace("[a]", "[b]"));
    let [tls, demand, check, names] = [
        "TLS",
        "the demand for client certificates",
        "their check against client_ca_file",
        "client_allowed_sans",
    ];
    for (old, new, lost) in [
        ("", all.as_str(), &[][..]),
        (&all, &all, &[]),
        (&all, "", &[tls, demand, check, names, "the login"]),
        (&all, &named, &["the login"]),
        (&all, login, &[tls, demand, check, names]),
        (&named, &others, &[]),
        (&named, verified, &[names]),
        (verified, any, &[check]),
        (verified, open, &[demand, check]),
        (any, open, &[demand]),
        (any, verified, &[]),
        (open, login, &[tls]),
        ("rate_limit: {interval: 1s, burst: 1}", "", &[]),
    ] {
        let [old_rules, new_rules] = [old, new].map(|text| parsed(&folder, text).unwrap());
        assert_eq!(old_rules.lost_in(&new_rules), lost, "{old} then {new}");
    }
}

#[test]
fn the_examples_of_the_documentation_are_right() {
    let folder = folder();
    let document = include_str!("../../../../docs/web-config.md");
    let blocks = document.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let examples: Vec<_> = blocks.filter(|block| !block.starts_with("scrape_configs:")).collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let rules = parsed(&folder, example).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert!(rules.rate.is_some() || rules.tls.unwrap().requires_certificate);
    }
}

#[test]
fn everything_that_is_documented_is_read() {
    let folder = folder();
    let inline = |name: &str| {
        let pem = fs::read_to_string(folder.path().join(name)).unwrap();
        pem.lines().map(|line| format!("    {line}\n")).collect::<String>()
    };
    let text = format!(
        "tls_server_config:\n  cert: |\n{}  key: |\n{}  client_ca: |\n{}{}",
        inline("server.pem"),
        inline("server.key"),
        inline("ca.pem"),
        "  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [prometheus.example]
  min_version: TLS12
  max_version: TLS12
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP384, X25519]
http_server_config:
  http2: true
  headers:
    Content-Security-Policy: default-src 'self'
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: ''
    Strict-Transport-Security: max-age=31536000
rate_limit:
  interval: 100ms
  burst: 20
basic_auth_users:
",
    ) + &format!("  ada: {HASH}\n");
    let rules = parsed(&folder, &text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let Tls { server, requires_certificate, .. } = rules.tls.unwrap();
    assert!(requires_certificate && !server.ignore_client_order);
    let provider = server.crypto_provider();
    let suites = |version| {
        provider
            .cipher_suites
            .iter()
            .filter(move |suite| suite.version().version == version)
            .map(SupportedCipherSuite::suite)
    };
    assert_eq!(suites(ProtocolVersion::TLSv1_2).count(), 1);
    let groups: Vec<_> = provider.kx_groups.iter().map(|group| format!("{:?}", group.name())).collect();
    assert_eq!(groups, ["secp384r1", "X25519"]);
    assert_eq!(rules.headers.len(), 4);
    assert_eq!(rules.headers["x-frame-options"], "deny");
    assert!(rules.rate.is_some() && rules.users.contains_key("ada"));
}
