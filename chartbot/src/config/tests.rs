//! Flags, right and wrong.

use secrecy::ExposeSecret;

use super::*;

fn flags() -> Flags {
    Flags {
        token_file: None,
        api_url: "https://api.telegram.org".into(),
        proxy_url: String::new(),
        allowed_users: "42".into(),
        prometheus_url: "http://127.0.0.1:9090".into(),
        prometheus_http: None,
        alertmanager_url: String::new(),
        alertmanager_http: None,
        time_zone: "UTC".into(),
        theme: Theme::Light,
        alerts: AlertFlags::none(),
        listen: ListenOptions { listen_addresses: vec!["127.0.0.1:0".into()], ..ListenOptions::default() },
    }
}

fn token() -> Option<String> {
    Some("123456:s3cret".into())
}

#[track_caller]
fn check(change: impl Fn(&mut Flags), token: Option<String>, want: &[&str]) {
    let mut flags = flags();
    change(&mut flags);
    let report = flags.to_serve(token).err().map_or_else(String::new, |p| p.to_string());
    assert!(!report.contains("s3cret"), "{report}");
    assert_eq!(report.lines().collect::<Vec<_>>(), want);
}

#[test]
fn what_is_right() {
    check(|_| {}, token(), &[]);
    let mut flags = flags();
    flags.allowed_users = " 42, @Alice ,".into();
    flags.proxy_url = "socks5h://user:pass@proxy:1080".into();
    flags.prometheus_url = "https://user:pass@host:9090/prometheus/".into();
    flags.time_zone = "Europe/Berlin".into();
    let config = flags.to_serve(token()).unwrap();
    assert_eq!(config.allowed_users, [User::Id(42), User::Name("alice".into())]);
    assert!(config.proxy.is_some());
    assert_eq!(config.charts.prometheus.url.path(), "/prometheus");
    assert!(config.alertmanager.is_none());
    flags.alertmanager_url = "http://host:9093/am/".into();
    let alertmanager = flags.to_serve(token()).unwrap().alertmanager;
    assert_eq!(alertmanager.unwrap().url.as_str(), "http://host:9093/am");
    assert_eq!(config.charts.zone.iana_name(), Some("Europe/Berlin"));
}

#[test]
fn what_is_wrong_is_reported_without_secrets() {
    const NO_TOKEN: &str = "--telegram.token-file is missing; name a file with the token from \
        @BotFather, or put the token into CHARTBOT_TELEGRAM_TOKEN";
    const NOBODY: &str = "--telegram.allowed-users is empty, so nobody would get an answer; \
        give numeric ids or @usernames, separated by commas";
    check(|_| {}, None, &[NO_TOKEN]);
    check(|_| {}, Some(" ".into()), &[NO_TOKEN]);
    check(
        |_| {},
        Some("s3cret".into()),
        &["CHARTBOT_TELEGRAM_TOKEN is not a bot token; one from @BotFather looks like \
           123456:ABC-def_9"],
    );
    check(
        |flags| flags.token_file = Some("/nowhere/token".into()),
        token(),
        &["--telegram.token-file and CHARTBOT_TELEGRAM_TOKEN both give a token; keep one"],
    );
    check(
        |flags| flags.token_file = Some("/nowhere/token".into()),
        None,
        &["--telegram.token-file /nowhere/token: cannot read it: No such file or directory \
           (os error 2)"],
    );
    check(|flags| flags.allowed_users = " ,".into(), token(), &[NOBODY]);
    check(
        |flags| flags.allowed_users = "42,bob,@x".into(),
        token(),
        &["--telegram.allowed-users holds \"bob\", \"@x\"; each has to be a numeric id such \
           as 123456, or an @username of 5 to 32 letters, digits and underscores"],
    );
    check(
        |flags| flags.prometheus_url = "http://user:s3cret@host/?q=s3cret".into(),
        token(),
        &["--prometheus.url has a query or a fragment; give the server's address such as \
           http://127.0.0.1:9090"],
    );
    check(
        |flags| {
            flags.allowed_users = String::new();
            flags.prometheus_url = "ftp://host".into();
            flags.api_url = "user:s3cret".into();
            flags.proxy_url = "ftp://user:s3cret@proxy".into();
            flags.time_zone = "Mars/Olympus".into();
            flags.listen.listen_addresses = vec!["9918".into()];
        },
        None,
        &[
            NO_TOKEN,
            "--telegram.api-url is neither http nor https; give the server's address such \
             as https://api.telegram.org",
            "--telegram.proxy-url is not the address of a proxy; give one such as \
             http://127.0.0.1:3128 or socks5://127.0.0.1:1080",
            NOBODY,
            "--prometheus.url is neither http nor https; give the server's address such as \
             http://127.0.0.1:9090",
            "--chart.time-zone \"Mars/Olympus\" is not a known time zone; give an IANA name \
             such as UTC or Europe/Berlin",
            "--web.listen-address \"9918\": must be host:port or :port, such as 127.0.0.1:9917 or [::1]:9917",
        ],
    );
}

type Change<'a> = &'a dyn Fn(&mut Flags);

#[test]
fn credentials_for_a_server_come_from_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("http.yml");
    let report = |text: &str, change: Change<'_>| {
        std::fs::write(&file, text).unwrap();
        let mut flags = flags();
        change(&mut flags);
        flags.to_serve(token()).err().map(|problems| problems.to_string())
    };
    let prometheus = |flags: &mut Flags| {
        flags.prometheus_url = "https://s3cret@host".into();
        flags.prometheus_http = Some(file.clone());
    };
    let alertmanager = |flags: &mut Flags| {
        flags.alertmanager_url = "https://s3cret@host".into();
        flags.alertmanager_http = Some(file.clone());
    };
    let servers: [(&str, Change<'_>); 2] = [("prometheus", &prometheus), ("alertmanager", &alertmanager)];
    for (name, change) in servers {
        assert_eq!(report("tls_config: {insecure_skip_verify: true}", change), None);
        for credentials in
            ["authorization: {credentials: s3cret}", "basic_auth: {username: me, password: s3cret}"]
        {
            let want = format!(
                "--{name}.url holds credentials, and so does --{name}.http-config-file; keep one of the two"
            );
            assert_eq!(report(credentials, change), Some(want));
        }
        let wrong = report("bearer_token: s3cret", change).unwrap();
        assert!(wrong.starts_with(&format!("--{name}.http-config-file ")), "{wrong}");
    }
}

#[test]
fn what_is_wrong_with_alertmanager() {
    check(
        |flags| flags.alertmanager_url = "alertmanager:9093/s3cret".into(),
        token(),
        &["--alertmanager.url is neither http nor https; give the server's address such as \
           http://127.0.0.1:9093"],
    );
    check(
        |flags| flags.alertmanager_http = Some("/s3cret".into()),
        token(),
        &["--alertmanager.http-config-file is given without --alertmanager.url; give both or neither"],
    );
}

#[test]
fn secrets_are_read_again_whatever_became_of_the_sockets() {
    let mut flags = flags();
    // systemd passed none, as none is passed a second time.
    flags.listen.systemd_socket = true;
    assert!(flags.to_serve(token()).is_err());
    let credentials = flags.to_renew(token()).unwrap();
    assert_eq!(credentials.token.expose_secret(), "123456:s3cret");
    let wrong = flags.to_renew(None).err().unwrap();
    assert!(wrong.to_string().starts_with("--telegram.token-file is missing"), "{wrong}");
}
