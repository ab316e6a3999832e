//! What the bot says of silences in English.

use super::SilenceWords;

/// What the bot says of silences in English.
pub const ENGLISH: SilenceWords = SilenceWords {
    undo: "Undo",
    remove: "Remove the silence",

    silenced: |who, until| format!("🔕 Silenced until {until} by {who}"),
    already: |until| format!("Already silenced until {until}"),
    gone: "No longer firing, so not silenced",
    not_silenced: "Not silenced",
    nothing_known: "Nothing was silenced: I no longer know which alerts this message is about.",

    undone: |who| format!("🔔 Silence removed by {who}"),
    still: |until| format!("🔕 Still silenced until {until} by another silence"),
    over: "The silence was already over",
    not_undone: "Still silenced",
    undo_unknown: "I no longer know which silences this message is about. /alerts lists all of them; \
        remove them in Alertmanager.",

    away: "Alertmanager cannot be reached; check that it runs and that --alertmanager.url is correct.",
    tls: "The TLS handshake with Alertmanager failed; check its certificate, and tls_config in \
        --alertmanager.http-config-file.",
    timeout: "Alertmanager did not answer in time; /alerts shows what is silenced.",
    refused: |status| {
        format!("Alertmanager refused the request (status {status}); check that headlag may use its API.")
    },
    failed: |status, words| {
        if words.is_empty() {
            return format!(
                "Alertmanager, or a proxy in front of it, answered with status {status}; try again in a minute."
            );
        }
        format!("Alertmanager answered with an error (status {status}): {words}")
    },
    too_large: "Alertmanager's answer is larger than 32 MiB.",
    not_alertmanager: |status| {
        format!("The server at --alertmanager.url is not Alertmanager (status {status}); check the address.")
    },

    again: |moment| format!("firing again since {moment}"),
    goes_on: |until| format!("The silence lasts until {until}."),
    ran_out: "🔔 The silence is over, still firing",
    removed: "🔔 The silence was removed, still firing",

    calm: "🟢 Nothing is firing.",
    quiet: "🔕 All that is firing is silenced.",
    silences: "Silenced",
    until_by: |until, who| {
        if who.is_empty() { format!("until {until}") } else { format!("until {until}, by {who}") }
    },
    unused: "nothing fires",
    unknown: |why| format!("Silences are not known. {why}"),
    none: "Set --alertmanager.url to show and make silences.",

    how: "Give a node, a duration from 1 minute to 30 days, and the network if there are several: \
        /silence my-node 2h, /silence my-node 2h polygon.",
    not_allowed: |chat| {
        format!(
            "Only users whose private chat gets alerts may use /silence; to allow it here, add {chat} to \
             --telegram.alert-chats."
        )
    },
    no_such_node: |asked, known| format!("There is no node named {asked}; known nodes: {known}."),
    which_network: |node, networks| {
        format!("{node} is in several networks: {networks}. Add one: /silence {node} 2h NETWORK.")
    },
};
