use std::time::Duration;

use super::*;
use crate::{
    answer::Reason,
    block::BlockNumber,
    config::NetworkName,
    network::scenarios::{answer, network, round},
    snapshot::Moment,
};

const START: f64 = 1_790_000_000.0;

/// What a network publishes after one round of these answers.
fn snapshot(references: &[Result<u64, Reason>], watched: &[Result<u64, Reason>]) -> Snapshot {
    let answers = |heads: &[_]| heads.iter().copied().map(answer).collect();
    let now = Moment { unix: START, ..Moment::now() };
    network(references.len(), watched.len()).fold(now, &round(answers(references), answers(watched)))
}

/// The same of a network of another name.
fn named(name: &str, mut snapshot: Snapshot) -> Snapshot {
    snapshot.network = NetworkName::new(name).unwrap();
    snapshot
}

fn page_of(snapshots: &[Snapshot]) -> String {
    render("1.2.3", START + 8.0, snapshots, 0, None, &Unfolded::default()).replace('\u{a0}', " ")
}

#[track_caller]
fn assert_in_order(page: &str, parts: &[&str]) {
    let mut rest = page;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part} is missing or too early in {page}"));
        rest = &rest[at + part.len()..];
    }
}

fn title_of(page: &str) -> &str {
    page.split("<title>").nth(1).unwrap().split("</title>").next().unwrap()
}

#[test]
fn the_page_shows_all_that_is_known() {
    let wrong = Reason::WrongChain(BlockNumber::new(4_711).unwrap());
    let references = [Ok(72_000_100), Ok(72_000_101), Ok(99_000_000)];
    let of = snapshot(&references, &[Ok(72_000_088), Err(Reason::RateLimited), Err(wrong)]);
    assert_in_order(
        &page_of(&[of]),
        &[
            "<h2>polygon</h2>",
            "data 8 s old · median block 72000100",
            "<article class=\"card unreachable\">",
            "<h3>watched1</h3><span class=\"state unreachable\">no answer</span>",
            "it was asked too often (rate limit)",
            "since <time datetime=\"2026-09-21T14:13:20Z\" title=\"2026-09-21T14:13:20Z\">14:13</time> (8 s)",
            "<article class=\"card wrong_chain\">",
            "it answers for another chain than the configured one",
            "block 4711",
            "<article class=\"card behind\">",
            "<p class=\"lag\">12 blocks behind",
            "block 72000088 in 20 ms",
            "<details><summary tabindex=\"-1\"><a href=\"/?open=polygon\">2 of 3 references counted · 1 ahead</a>",
            "reference2</span><span class=\"state ahead\">ahead",
            "too far ahead to be believed",
            "block 99000000",
            "reference0</span><span class=\"state ok\">ok",
        ],
    );
}

#[test]
fn the_title_names_the_worst_and_networks_follow_it() {
    let two = [Ok(1_000), Ok(1_000)];
    let ok = || named("fine", snapshot(&two, &[Ok(1_000)]));
    let ahead = || named("early", snapshot(&two, &[Ok(1_009)]));
    let unknown = || named("alone", snapshot(&[Ok(1_000), Err(Reason::Timeout)], &[Ok(1_000)]));
    let halted = || Snapshot { state: NetworkState::Halted, ..named("idle", snapshot(&two, &[Ok(1_000)])) };
    let behind = || named("late", snapshot(&two, &[Ok(1_000), Ok(987)]));
    let dead = || named("dead", snapshot(&two, &[Err(Reason::Connect(None))]));
    for (snapshots, title, networks) in [
        (vec![], "headlag: waiting for the first round", vec![]),
        (vec![ok()], "headlag: all ok", vec!["fine"]),
        (vec![ok(), ahead()], "watched0 9 ahead", vec!["early", "fine"]),
        (vec![ahead(), halted()], "○ idle halted", vec!["idle", "early"]),
        (vec![ahead(), unknown()], "○ alone no consensus", vec!["alone", "early"]),
        (vec![unknown(), behind(), ok()], "● watched1 13 behind", vec!["late", "alone", "fine"]),
        (vec![behind(), dead()], "● watched0 no answer", vec!["dead", "late"]),
    ] {
        let page = page_of(&snapshots);
        assert_eq!(title_of(&page), title);
        let headings: Vec<String> = networks.iter().map(|name| format!("<h2>{name}")).collect();
        assert_in_order(&page, &headings.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn of_two_equally_bad_the_older_comes_first() {
    let mut network = network(2, 2);
    let mut play = |after: f64, watched: [u64; 2]| {
        let now = Moment::now();
        let now = Moment { unix: START + after, monotonic: now.monotonic + Duration::from_secs_f64(after) };
        network.fold(now, &round(vec![answer(Ok(1_000)); 2], watched.map(|block| answer(Ok(block))).into()))
    };
    play(0.0, [1_000, 900]);
    let of = play(15.0, [900, 900]);
    assert_eq!(title_of(&page_of(std::slice::from_ref(&of))), "● watched1 100 behind");
    assert_in_order(&page_of(&[of]), &["<h3>watched1</h3>", "<h3>watched0</h3>"]);
}

#[test]
fn what_is_unfolded_is_in_the_address_and_survives_the_refresh() {
    let two = [Ok(1_000), Ok(1_000)];
    let snapshots = ["a", "b"].map(|name| named(name, snapshot(&two, &[Ok(1_000)])));
    let page = |query| render("1", START, &snapshots, 0, None, &Unfolded::of_query(query));
    for (query, want) in [
        (
            None,
            [
                "<details><summary tabindex=\"-1\"><a href=\"/?open=a\">",
                "<details><summary tabindex=\"-1\"><a href=\"/?open=b\">",
            ],
        ),
        (
            Some("open=b"),
            [
                "<details><summary tabindex=\"-1\"><a href=\"/?open=a&amp;open=b\">",
                "<details open><summary tabindex=\"-1\"><a href=\"/\">",
            ],
        ),
        (
            Some("open=a&open=%62"),
            [
                "<details open><summary tabindex=\"-1\"><a href=\"/?open=b\">",
                "<details open><summary tabindex=\"-1\"><a href=\"/?open=a\">",
            ],
        ),
        // What is no network's name is dropped, whatever it holds.
        (Some("open=\"><script>&open=%ff&x"), ["<a href=\"/?open=a\">", "<a href=\"/?open=b\">"]),
    ] {
        let page = page(query);
        assert_in_order(&page, &want);
        assert!(!page.contains("script") && page.contains("http-equiv=\"refresh\" content=\"15\""), "{page}");
    }
}

#[test]
fn a_page_without_rounds_says_so_and_old_data_say_how_old_they_are() {
    let page = render("1", START, &[], 2, None, &Unfolded::default());
    assert_in_order(&page, &["http-equiv=\"refresh\" content=\"2\"", "first round has not ended yet: 2."]);

    let of = snapshot(&[Ok(1_000), Ok(1_000)], &[Ok(1_000)]);
    let now = Moment { unix: START + 300.0, monotonic: of.ended.monotonic };
    let page =
        render("1", now.unix, &[of.shown_at(now)], 0, None, &Unfolded::default()).replace('\u{a0}', " ");
    assert_in_order(
        &page,
        &["no consensus", "<span class=\"late\">no round has ended for 5 min</span>", "no answer"],
    );
}

#[test]
fn a_refused_config_is_above_everything() {
    let of = [snapshot(&[Ok(100), Ok(100)], &[Ok(100)])];
    let page = |refused| render("1", START, &of, 0, refused, &Unfolded::default()).replace('\u{a0}', " ");
    assert_in_order(
        &page(Some(START - 720.0)),
        &[
            "</header><p><span class=\"late\">The config file has been refused since <time",
            ">14:01</time> (12 min)</span>: the config before it remains in force, and the log has the report.</p>",
            "<section>",
        ],
    );
    assert!(!page(None).contains("refused"));
}
