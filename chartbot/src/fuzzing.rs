//! The parsers of bytes from outside as targets of `make fuzz`, each with what has to be true of
//! any bytes. The tests run them on their seeds.

use std::path::Path;

use bytes::Bytes;
use headlag_service::invisible::Invisible;
use jiff::{Timestamp, tz::TimeZone};
use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    alerts::{
        alert::{Alert, Fingerprint},
        alertmanager,
        button::{Action, under},
        ending::Ending,
        silences::{Draft, Lasting, Maker, Note, SilenceId},
        webhook::Webhook,
    },
    chat::{
        access::User,
        command::{Command, Range},
        message::CAPTION_LIMIT,
        place::Place,
    },
    config::http_file,
    foreign::{MAX_WORDS, Secrets},
    remote::Answer,
    samples::{
        answer::{self, Found},
        assemble,
        client::Error,
        timeline::Timeline,
    },
    telegram::{api, fault::Fault, incoming},
    words::{self, ENGLISH, Language, alert, moment::Times, silence},
};

/// A name, what is tried with every input, and inputs to begin with.
type Target = (&'static str, fn(&[u8]), fn() -> Vec<Vec<u8>>);

/// All targets of this crate.
pub const TARGETS: [Target; 8] = [
    ("command", command, command_seeds),
    ("words", foreign_words, word_seeds),
    ("webhook", webhook, webhook_seeds),
    ("alertmanager", alertmanager, alertmanager_seeds),
    ("prometheus", prometheus, prometheus_seeds),
    ("telegram-update", update, update_seeds),
    ("telegram-answer", telegram_answer, telegram_answer_seeds),
    ("http-config", http_config, http_config_seeds),
];

/// Stands for a secret; so long, and with so many digits, that nothing else looks like it.
const CANARY: &str = "Zq7Xw0Vv9Ty3";

const STATUSES: [u16; 8] = [200, 302, 400, 401, 404, 422, 500, 503];
/// 2026-11-30, 00:00 UTC.
const NOW: i64 = 1_795_996_800;
/// So many bytes the data of a button may have.
const BUTTON_DATA: usize = 64;

/// A message, or the data of a button. What the bot writes into a button it reads as the same.
fn command(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let command = Command::parse(text, "headlag_bot");
    assert!(command == Command::Unknown || Command::is_meant(text), "{command:?}");
    match &command {
        Command::Chart { range, network, theme } => {
            assert_eq!(Range::parse(&range.to_string()), Ok(*range));
            if let Some(data) = Command::button(*range, network.as_deref(), *theme) {
                assert!(data.len() <= BUTTON_DATA && Command::parse(&data, "") == command, "{data}");
            }
        }
        Command::Silence { lasting, .. } => assert_eq!(Lasting::parse(&lasting.to_string()), Some(*lasting)),
        _ => {}
    }
    if let Some(action) = Action::parse(text) {
        assert!(action.to_string() == text && text.len() <= BUTTON_DATA);
        assert_eq!(command, Command::Unknown, "one button asks for one thing");
    }
}

fn command_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "/chart@headlag_bot  6H\n polygon dark",
        "1d12h polygon",
        "/silence mine 90m polygon",
        "/start deep-link",
        "alert silence 24h 0123456789abcdef",
        "alert undo 5b9f2a8e-7c1d-4e3f-9a0b-1c2d3e4f5a6b",
    ])
}

/// The words of other servers, and what users and silences write in text.
fn foreign_words(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let passed = Secrets::default().and(CANARY).passed_on(text);
    assert!(passed.chars().count() <= MAX_WORDS && !passed.contains(CANARY), "{passed}");
    let line = words::one_line(text);
    assert!(!line.contains('\n') && words::one_line(&line) == line, "{line}");
    assert!(length(&words::cut(text.to_owned(), 40)) <= 40);
    assert!(words::shortened(text, 8).chars().count() <= 8);
    assert!(User::parse(text).is_none_or(|user| user == User::Id(0)) || !text.is_empty());
    assert!(Place::parse(text).is_none_or(|place| place.to_string() == text));
    if let Some(lasting) = Lasting::parse(text) {
        assert_eq!(Lasting::parse(&lasting.to_string()), Some(lasting));
    }
    if let Some(note) = Note::parse(text) {
        assert_eq!(Note::parse(&note.to_string()), Some(note));
    }
}

fn word_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "exceeded  maximum\nof http://user:Zq7Xw0Vv9Ty3@host/ Bearer Zq7Xw0Vv9Ty3 11,000",
        "headlag-chartbot: alert 0123456789abcdef since 2026-11-29T21:00:00.123Z in -100123:7, message 55, \
         until 2026-11-30T07:12:00Z, ended",
        "headlag-chartbot: planned work in 7, until 2026-11-30T07:12:00Z",
        "P1DT12H",
        "-100:44",
        "@Ada_Lovelace",
    ])
}

/// A webhook, and what is said of its alerts: no text is longer than a caption, every button is
/// read as what it was written for, and every silence is recognised.
fn webhook(input: &[u8]) {
    let Ok(webhook) = Webhook::read(input) else { return };
    let ends = |alert: &Alert| (alert.clone(), Ending::of(alert, None));
    let ended: Vec<_> = webhook.alerts.iter().map(ends).collect();
    for language in [Language::English, Language::Russian] {
        let times = Times { zone: &TimeZone::UTC, now: NOW, words: language.words() };
        let reply = alert::ended(&ended, times);
        let texts = [
            alert::firing(&webhook.alerts, webhook.truncated, times),
            alert::still(&webhook.alerts, times),
            alert::completed(&reply, &webhook.alerts, times),
            reply,
        ];
        assert!(texts.iter().all(|text| length(text) <= CAPTION_LIMIT), "{texts:?}");
    }
    for button in under(&webhook.alerts, true, &ENGLISH).iter().flatten() {
        let read = Action::parse(&button.data).map(|action| action.to_string());
        assert!(read.as_ref() == Some(&button.data) && button.data.len() <= BUTTON_DATA, "{}", button.data);
    }
    for alert in &webhook.alerts {
        assert_eq!(Fingerprint::parse(&alert.fingerprint.to_string()).as_ref(), Some(&alert.fingerprint));
        let maker = Maker { who: "@ada".into(), place: Place::chat(-7), message: Some(5) };
        let note = Draft::of_alert(alert, &maker, now(), Lasting::OFFERED[0]).note;
        assert_eq!(Note::parse(&note.to_string()), Some(note));
    }
}

fn webhook_seeds() -> Vec<Vec<u8>> {
    owned(&[
        r#"{"version":"4","truncatedAlerts":3,"alerts":[{"status":"firing","fingerprint":"0123456789abcdef",
        "labels":{"alertname":"HeadlagNodeBehind","network":"polygon","node":"my-node","severity":"critical"},
        "annotations":{"summary":"my-node is 50 blocks behind","runbook_url":"https://a.example/b"},
        "startsAt":"2026-11-25T03:12:00.123456789+03:00","endsAt":"0001-01-01T00:00:00Z"}]}"#,
        r#"{"version":"4","alerts":[{"status":"resolved","fingerprint":"fedcba9876543210","labels":{},
        "startsAt":"2026-11-25T00:12:00Z","endsAt":"2026-11-25T00:30:00Z"},{"status":"firing",
        "fingerprint":"0123456789abcdef","labels":{"node":"a"},"startsAt":"9999-12-30T22:00:00Z"}]}"#,
        r#"{"version":4,"alerts":[]}"#,
    ])
}

/// Answers of Alertmanager's API: the first byte of the input chooses the status. What is listed
/// of them is on one line each, without characters that cannot be seen.
fn alertmanager(input: &[u8]) {
    let Some(answer) = server_answer(input) else { return };
    let times = Times { zone: &TimeZone::UTC, now: NOW, words: &ENGLISH };
    match alertmanager::firing(&answer) {
        Ok(firing) => {
            for alertmanager::Firing { alert, silenced_by } in &firing {
                let Alert { labels, annotations, starts_at, .. } = alert;
                assert_line(&silence::line(labels, annotations, Some(*starts_at), times));
                assert_line(&silence::silenced_line(alert, None, times));
                assert!(silenced_by.iter().all(|id| SilenceId::parse(&id.to_string()).as_ref() == Some(id)));
            }
        }
        Err(error) => {
            let said = silence::reason(&error, &ENGLISH);
            assert!(!said.contains(CANARY) && !error.to_string().contains(CANARY), "{said}");
        }
    }
    for silence in alertmanager::silences(&answer).unwrap_or_default() {
        assert_line(&silence::unused_line(&silence, times));
        let _ = silence.covers(&silence.labels());
        if let Some(note) = silence.note() {
            assert_eq!(Note::parse(&note.to_string()), Some(note));
        }
    }
}

fn alertmanager_seeds() -> Vec<Vec<u8>> {
    let alerts = r#"[{"fingerprint":"0123456789abcdef","labels":{"alertname":"Behind","node":"a"},
        "annotations":{"summary":"a is behind"},"startsAt":"2026-11-29T23:12:00.5Z",
        "status":{"state":"suppressed","silencedBy":["5b9f2a8e-7c1d-4e3f-9a0b-1c2d3e4f5a6b"]}}]"#;
    let silences = r#"[{"id":"5b9f2a8e-7c1d-4e3f-9a0b-1c2d3e4f5a6b","matchers":[{"name":"node","value":"a",
        "isRegex":false,"isEqual":true},{"name":"network","value":"p.*","isRegex":true}],
        "startsAt":"2026-11-29T23:12:00Z","endsAt":"2026-11-30T07:12:00Z","createdBy":"@ada",
        "comment":"headlag-chartbot: planned work in 7, until 2026-11-30T07:12:00Z","status":{"state":"active"}}]"#;
    let wrong = r#"{"code":612,"message":"no such Zq7Xw0Vv9Ty3"}"#;
    let odd = r#"[{"fingerprint":"0123456789abcdef","labels":{"a":"b"},"startsAt":"2026-11-29T23:12:00Z",
        "status":{}}]"#;
    [(0, alerts), (0, silences), (5, wrong), (0, odd)].map(with_status).into()
}

/// Answers of the Prometheus API: the first byte of the input chooses the status. Whatever the
/// samples are, a line of time made of them has no hole.
fn prometheus(input: &[u8]) {
    let Some(answer) = server_answer(input) else { return };
    match answer::read(&answer) {
        Ok(Found { series, warnings, .. }) => {
            let mut values = series.iter().flat_map(|series| &series.samples);
            assert!(values.all(|(time, value)| !time.is_nan() && !value.is_nan()));
            assert!(warnings.iter().all(|said| said.chars().count() <= MAX_WORDS && !said.contains(CANARY)));
            let (nodes, range) = (vec!["a".to_owned()], ((NOW - 3_600) as f64, NOW as f64));
            let sources = assemble::sources(&series, &series, &nodes);
            let line = Timeline::new(range, nodes, sources);
            let end = line.spans(0).fold(range.0, |end, span| {
                assert!(span.begin == end && span.end > span.begin, "{span:?} after {end}");
                span.end
            });
            assert!(end == range.1, "{end}");
        }
        Err(error) => {
            assert!(!error.to_string().contains(CANARY), "{error}");
            if let Error::Failed { words, .. } = error {
                assert!(words.chars().count() <= MAX_WORDS);
            }
        }
    }
}

fn prometheus_seeds() -> Vec<Vec<u8>> {
    let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"node":"a"},
        "values":[[1.5,"1"],[2,"NaN"],[3,"+Inf"],[5,"-2e3"]]}]},"warnings":["w Zq7Xw0Vv9Ty3"],"infos":null}"#;
    let line = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"node":"a","job":"x"},
        "values":[[1795993200,"15"],[1795993215,"15"],[1795993320.5,"-3"]]},{"metric":{"node":"a","job":"y"},
        "values":[[1795993210,"15"],[1795996790,"15"]]}]}}"#;
    let vector = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},
        "value":[1700000000.123,"7"]}],"stats":{}},"isPartial":true}"#;
    let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#;
    let error = r#"{"status":"error","errorType":"bad_data","error":"http://u:Zq7Xw0Vv9Ty3@h/ 11,000"}"#;
    [(0, matrix), (0, line), (0, vector), (0, scalar), (2, error)].map(with_status).into()
}

/// An update of Telegram, and the command in it.
fn update(input: &[u8]) {
    let Ok(update) = serde_json::from_slice::<Value>(input) else { return };
    let _ = incoming::id(&update);
    if let incoming::Update::Request(request) = incoming::read(&update) {
        let text = &request.incoming.text;
        let command = Command::parse(text, "headlag_bot");
        assert!(!request.is_command() || request.press.is_none());
        assert!(command == Command::Unknown || request.is_command() || request.press.is_some());
        let _ = Action::parse(text);
    }
}

fn update_seeds() -> Vec<Vec<u8>> {
    owned(&[
        r#"{"update_id":1,"message":{"message_id":3,"date":0,"from":{"id":7,"is_bot":false,"username":"ada",
        "language_code":"ru"},"chat":{"id":7,"type":"private"},"text":"/hour","message_thread_id":4}}"#,
        r#"{"update_id":1,"callback_query":{"id":"1","from":{"id":7},"data":"/chart 6h","message":{
        "message_id":3,"chat":{"id":-100,"type":"supergroup"},"is_topic_message":true,"caption":"c"}}}"#,
        r#"{"update_id":1,"message":{"pinned_message":{}}}"#,
    ])
}

/// An answer of the Bot API: the first byte of the input chooses the status.
fn telegram_answer(input: &[u8]) {
    let Some((status, body)) = input.split_first() else { return };
    let read = api::result(STATUSES[usize::from(*status) % STATUSES.len()], body);
    if let Err(Fault::TooMany(pause)) = read {
        assert!(pause.as_secs() <= 24 * 3_600);
    }
}

fn telegram_answer_seeds() -> Vec<Vec<u8>> {
    let refused = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5",
        "parameters":{"retry_after":5,"migrate_to_chat_id":-100}}"#;
    let gone = r#"{"ok":false,"error_code":400,"description":"Bad Request: message to edit not found"}"#;
    [(0, r#"{"ok":true,"result":{"message_id":5}}"#), (2, refused), (2, gone)].map(with_status).into()
}

/// Problems are reported without what is secret, wherever that is in the file.
fn http_config(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let shown = match http_file::parse(text, Path::new("nowhere")) {
        // That one is no secret.
        Ok(_) if text.contains("server_name") => return,
        Ok(config) => format!("{config:?}"),
        Err(problems) => {
            assert!(!problems.is_empty());
            format!("{problems:?}")
        }
    };
    assert!(!shown.contains(CANARY), "{shown}");
}

fn http_config_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "authorization: {type: Token, credentials: 'Zq7Xw0Vv9Ty3'}\n",
        "basic_auth:\n  username: me\n  password: Zq7Xw0Vv9Ty3\ntls_config:\n  insecure_skip_verify: true\n  \
         server_name: a.example\n  min_version: TLS12\n  max_version: TLS13\n  ca_file: Zq7Xw0Vv9Ty3\n",
        "http_headers:\n  X-Scope-OrgID: {values: [a, b]}\n  X-Key: {secrets: [Zq7Xw0Vv9Ty3], files: [f]}\n",
        "authorization: {credentials_file: f}\n",
    ])
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap_or_default()
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Parts of an emoji are not seen by themselves, nor is the space within a date.
fn assert_line(line: &str) {
    let unseen = |c: char| !"\u{200d}\u{fe0f}\u{a0}".contains(c) && Invisible::find(&c.to_string()).is_some();
    assert!(!line.contains(unseen), "{line:?}");
}

fn server_answer(input: &[u8]) -> Option<Answer> {
    let (status, body) = input.split_first()?;
    let status = StatusCode::from_u16(STATUSES[usize::from(*status) % STATUSES.len()]).ok()?;
    let secrets = Secrets::default().and(CANARY);
    Some(Answer { status, at: None, body: Bytes::copy_from_slice(body), secrets })
}

fn with_status((status, body): (u8, &str)) -> Vec<u8> {
    [&[status], body.as_bytes()].concat()
}

fn owned(seeds: &[&str]) -> Vec<Vec<u8>> {
    seeds.iter().map(|seed| seed.as_bytes().to_vec()).collect()
}

#[test]
fn every_seed_is_read() {
    for (_, run, seeds) in TARGETS {
        seeds().iter().for_each(|seed| run(seed));
    }
}
