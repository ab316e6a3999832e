//! Headless Chromium over the WebDriver protocol (<https://www.w3.org/TR/webdriver2/>).

use std::io::ErrorKind;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// How often what is waited for is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// A driver ends at once where another takes the port it chose.
const ATTEMPTS: usize = 5;
/// The name under which the protocol hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const MISSING: &str =
    "headless Chromium is needed (Debian: chromium, chromium-driver); run `make test`, which installs it";

/// A browser with one window; dropping it ends it.
pub struct Browser {
    driver: Child,
    client: reqwest::Client,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a page in a window of this size, in CSS pixels.
    pub async fn open(url: &str, width: u32, height: u32) -> Self {
        let (driver, port) = start_driver().await;
        let profile = tempfile::tempdir().unwrap();
        let mut args: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
        ]
        .map(String::from)
        .to_vec();
        args.push(format!("--user-data-dir={}", profile.path().display()));
        args.push(format!("--window-size={width},{height}"));
        let wanted = json!({"browserName": "chrome", "goog:chromeOptions": {"args": args}});
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let base = format!("http://127.0.0.1:{port}/session");
        let mut browser = Browser { driver, client, session: base, _profile: profile };
        let begun = browser.post("", json!({"capabilities": {"alwaysMatch": wanted}})).await;
        let id = begun["sessionId"].as_str().unwrap().to_owned();
        browser.session = format!("{}/{id}", browser.session);
        browser.post("/url", json!({"url": url})).await;
        browser
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.session)).json(&body);
        let answer = request.send().await.unwrap();
        let (status, mut answer) = (answer.status(), answer.json::<Value>().await.unwrap());
        let hint = if path.is_empty() { MISSING } else { "" };
        assert!(status.is_success(), "{path} {body}: {answer} {hint}");
        answer["value"].take()
    }

    /// What a script returns.
    pub async fn script(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({"script": script, "args": []})).await
    }

    /// Waits until an expression is true (as script sees truth) and returns its value.
    pub async fn wait(&self, expression: &str, within: Duration) -> Value {
        let until = Instant::now() + within;
        let script = format!("return ({expression}) || null");
        loop {
            let value = self.script(&script).await;
            if !value.is_null() {
                return value;
            }
            if Instant::now() > until {
                let page = self.script("return document.body.innerText").await;
                panic!("not within {within:?}: {expression}\n{}", page.as_str().unwrap_or_default());
            }
            sleep(LOOK).await;
        }
    }

    async fn find(&self, css: &str) -> String {
        let found = self.post("/element", json!({"using": "css selector", "value": css})).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Presses the element that a selector finds, as a person does.
    pub async fn press(&self, css: &str) {
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Types into the element that a selector finds; `\u{E007}` is Enter.
    pub async fn write(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        self.post(&format!("/element/{element}/value"), json!({"text": text})).await;
    }
}

/// Starts a driver and returns its port.
async fn start_driver() -> (Child, u16) {
    for _ in 0..ATTEMPTS {
        let mut driver = match Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Chromium joins the group: both can be ended together.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
        {
            Err(error) if error.kind() == ErrorKind::NotFound => panic!("{MISSING}"),
            started => started.unwrap(),
        };
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                return (driver, port.trim_end_matches('.').parse().unwrap());
            }
        }
    }
    panic!("chromedriver does not report its port");
}

impl Drop for Browser {
    /// Ends the driver and its Chromium: the driver alone would leave it behind.
    fn drop(&mut self) {
        let pid = self.driver.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}
