//! What the page says of states, reasons, numbers and times.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::order;
use crate::{
    answer::Reason,
    block::Lag,
    config::Role,
    snapshot::{NodeSnapshot, Snapshot, UnixTime},
    verdict::{NetworkState, NodeState},
};

/// A node's state in one or two words.
pub fn node_state(state: NodeState) -> &'static str {
    match state {
        NodeState::Unreachable => "no answer",
        NodeState::WrongChain => "wrong chain",
        NodeState::Unknown => "unknown",
        NodeState::Stalled => "stalled",
        NodeState::Behind => "behind",
        NodeState::Ahead => "ahead",
        NodeState::Ok => "ok",
    }
}

/// A network's state in one or two words.
pub fn network_state(state: NetworkState) -> &'static str {
    match state {
        NetworkState::NoConsensus => "no consensus",
        NetworkState::Split => "split",
        NetworkState::Halted => "halted",
        NetworkState::Ok => "ok",
    }
}

/// What a network's state means; absent where all is well.
pub fn network_trouble(state: NetworkState) -> Option<&'static str> {
    match state {
        NetworkState::NoConsensus => Some("too few references can be counted, so no node can be judged"),
        NetworkState::Split => Some("the references disagree, so no node can be judged"),
        NetworkState::Halted => Some("the chain has halted: no node's block rises"),
        NetworkState::Ok => None,
    }
}

/// Why a node gave no usable block.
pub fn reason(reason: Reason) -> String {
    match reason {
        Reason::Timeout => "no complete answer in time".into(),
        Reason::Connect(Some(cause)) => cause.words().into(),
        Reason::Connect(None) => "nothing listens there, its host name is unknown, or it hung up".into(),
        Reason::Tls(Some(cause)) => format!("the TLS handshake failed: {}", cause.words()),
        Reason::Tls(None) => "the TLS handshake failed: check host name and certificate".into(),
        Reason::HttpStatus(status) => format!("it answered with HTTP status {status}"),
        Reason::RateLimited => "it was asked too often (rate limit)".into(),
        Reason::TooLarge => "the answer was too long".into(),
        Reason::Malformed => "the answer was not a block number".into(),
        Reason::RpcError(Some(code)) => format!("it answered with error {code}"),
        Reason::RpcError(None) => "it answered with an error".into(),
        Reason::NotSynced(Some(code)) => format!("it is not synced yet (error {code})"),
        Reason::NotSynced(None) => "it is not synced yet".into(),
        Reason::WrongChain(_) => "it answers for another chain than the configured one".into(),
        Reason::Implausible(_) => "too far ahead to be believed".into(),
    }
}

/// A node's distance from the median, as "13 blocks behind".
pub fn lag(lag: Lag) -> String {
    match lag.blocks() {
        0 => "level".into(),
        behind @ 1.. => format!("{} behind", blocks(behind.unsigned_abs())),
        ahead => format!("{} ahead", blocks(ahead.unsigned_abs())),
    }
}

fn blocks(number: u64) -> String {
    let noun = if number == 1 { "block" } else { "blocks" };
    format!("{}\u{a0}{noun}", grouped(number))
}

/// A number with a comma after each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The title of the page: the worst of it, short enough for a browser's tab. `networks` are
/// the worst first.
pub fn title(networks: &[&Snapshot]) -> String {
    let Some(of) = networks.first() else { return "headlag: waiting for the first round".into() };
    let worst = order::worst_first(of, Role::Watched).into_iter().next();
    match worst {
        Some(node) if order::is_alarm(node.state) => format!("● {} {}", node.name, node_in_title(node)),
        _ if of.state != NetworkState::Ok => format!("○ {} {}", of.network, network_state(of.state)),
        Some(node) if node.state != NodeState::Ok => format!("{} {}", node.name, node_in_title(node)),
        _ => "headlag: all ok".into(),
    }
}

fn node_in_title(node: &NodeSnapshot) -> String {
    let state = node_state(node.state);
    match (node.state, node.lag.map(Lag::blocks)) {
        (NodeState::Behind | NodeState::Ahead, Some(lag)) => {
            format!("{} {state}", grouped(lag.unsigned_abs()))
        }
        (NodeState::Stalled, Some(lag)) => format!("{state}, {} behind", grouped(lag.unsigned_abs())),
        _ => state.into(),
    }
}

/// A time in UTC, as short as can be understood at `now`: on the same day "18:57", within a
/// week "Tue 23:47", else "25 Nov 2026 23:47".
pub fn clock(now: UnixTime, at: UnixTime) -> String {
    let (now, at) = (in_utc(now), in_utc(at));
    let days = (now.date() - at.date()).get_days();
    let form = match days {
        0 => "%H:%M",
        1..7 => "%a %H:%M",
        _ => "%-d %b %Y %H:%M",
    };
    at.strftime(form).to_string()
}

/// A time for programs.
pub fn exactly(at: UnixTime) -> String {
    in_utc(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn in_utc(at: UnixTime) -> Zoned {
    Timestamp::from_second(at as i64).unwrap_or_default().to_zoned(TimeZone::UTC)
}

/// The time from `then` to `now`, in the two largest units at most.
pub fn passed(now: UnixTime, then: UnixTime) -> String {
    duration((now - then).max(0.0) as u64)
}

/// Seconds, in the two largest units at most.
pub fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}\u{a0}s"),
        (0, 0, _) => format!("{minutes}\u{a0}min"),
        (0, ..) => format!("{hours}\u{a0}h {}\u{a0}min", minutes % 60),
        _ => format!("{days}\u{a0}d {}\u{a0}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{block::BlockNumber, cause::Cause};

    #[test]
    fn a_duration_has_two_units_at_most() {
        for (seconds, want) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h 0 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(duration(seconds).replace('\u{a0}', " "), want);
        }
        assert_eq!(passed(0.0, 1000.0), "0\u{a0}s", "a clock that was set back");
    }

    #[test]
    fn a_time_has_its_day_where_that_is_not_today() {
        // Thursday, 26 November 2026, 00:10.
        let now = 1_795_651_800.0;
        for (ago, want) in [
            (0.0, "00:10"),
            (599.0, "00:00"),
            (660.0, "Wed 23:59"),
            (6.0 * 86_400.0, "Fri 00:10"),
            (7.0 * 86_400.0, "19 Nov 2026 00:10"),
            // A clock that was set back over midnight.
            (-86_400.0, "27 Nov 2026 00:10"),
        ] {
            assert_eq!(clock(now, now - ago), want);
        }
        assert_eq!(exactly(now), "2026-11-26T00:10:00Z");
    }

    #[test]
    fn a_lag_is_in_words_with_its_direction() {
        let block = |number| BlockNumber::new(number).unwrap();
        for (of, want) in [
            (5_000, "level"),
            (4_999, "1 block behind"),
            (3_000, "2,000 blocks behind"),
            (5_013, "13 blocks ahead"),
        ] {
            assert_eq!(lag(block(5_000).lag_of(block(of))).replace('\u{a0}', " "), want);
        }
        assert_eq!([999, 1_000, 1_234_567].map(grouped), ["999", "1,000", "1,234,567"]);
    }

    #[test]
    fn no_reason_is_a_bare_label() {
        let block = BlockNumber::new(1).unwrap();
        for of in [
            Reason::Timeout,
            Reason::Connect(Some(Cause::Refused)),
            Reason::Tls(Some(Cause::Expired)),
            Reason::HttpStatus(502),
            Reason::RateLimited,
            Reason::TooLarge,
            Reason::Malformed,
            Reason::RpcError(Some(-32601)),
            Reason::RpcError(None),
            Reason::NotSynced(Some(-28)),
            Reason::NotSynced(None),
            Reason::WrongChain(block),
            Reason::Implausible(block),
        ] {
            let words = reason(of);
            assert!(words.contains(' ') && !words.contains('_'), "{words}");
            assert!(of.code().is_none_or(|code| words.contains(&code.to_string())), "{words}");
        }
    }
}
