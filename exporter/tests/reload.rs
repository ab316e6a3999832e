//! A reload of the running program, by signal and by request.

#![allow(clippy::disallowed_methods, reason = "real programs take real time")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod nodes;
mod program;

use std::{fs, path::Path};

use nodes::node;
use program::{Exporter, assert_line};
use reqwest::{Client, StatusCode, header::ALLOW};

/// As editors and `git pull` do: the name leads to a new file from one moment to the next.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_is_in_force_after_a_signal_or_a_request() {
    let at = node(|asked| asked.reply("\"0x64\"")).await;
    let config = |threshold: u32, name: &str| {
        format!(
            "poll_interval: 1h\nnetworks:\n- {{name: polygon, protocol: evm, stall_after: 3h, threshold_blocks: \
             {threshold}, references: [{{name: a, url: 'http://{at}/a'}}], watched: [{{name: {name}, url: \
             'http://{at}/b'}}]}}\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("headlag.yml");
    fs::write(&file, config(5, "mine")).unwrap();
    let mut exporter = Exporter::start_as(&mut Exporter::command(&file));
    exporter.metrics().await;
    let reload = format!("{}/-/reload", exporter.url);
    let post = async || {
        let answer = Client::new().post(&reload).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert_eq!(post().await, (StatusCode::OK, "nothing changed\n".into()));

    replace(&file, &config(8, "mine"));
    let changed = "polygon: threshold_blocks was 5, is 8";
    assert_eq!(post().await, (StatusCode::OK, format!("{changed}\n")));
    assert_line(&exporter.get("/metrics").await.1, "headlag_threshold_blocks{network=\"polygon\"} 8");
    assert!(exporter.logged("changes=").contains(changed));

    replace(&file, &config(8, "renamed"));
    exporter.signal("-HUP");
    exporter.logged("polygon: watched renamed added; polygon: watched mine removed");
    let text = exporter.get("/metrics").await.1;
    assert!(text.contains("node=\"renamed\"") && !text.contains("node=\"mine\""), "{text}");

    replace(&file, "networks: []\n");
    let (status, report) = post().await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(report.contains("headlag.yml:1: networks: is empty"), "{report}");
    exporter.logged("config not reloaded");
    let text = exporter.get("/metrics").await.1;
    assert_line(&text, "headlag_config_last_reload_successful 0");
    assert!(text.contains("node=\"renamed\""), "{text}");
    let page = exporter.get("/").await.1;
    assert!(page.contains("refused since") && !page.contains("is empty"), "{page}");

    let get = reqwest::get(&reload).await.unwrap();
    assert_eq!(
        (get.status(), &get.headers()[ALLOW]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
}
