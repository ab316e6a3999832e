//! PURE: where at a node a question is asked.

/// The path of a node's URL without its end that is the beginning of the path of the question for
/// the newest block: where all questions of the row are joined.
#[must_use]
pub fn base<'a>(path: &'a str, head: &str) -> &'a str {
    let head = head.split_once('?').map_or(head, |(path, _)| path);
    if head.is_empty() {
        return path;
    }
    let plain = path.strip_suffix('/').unwrap_or(path);
    let repeated = ends_of_segments(head).filter(|end| plain.ends_with(&head[..*end])).max();
    repeated.map_or(path, |repeated| &plain[..plain.len() - repeated])
}

/// The path and query of a request: those of the node's URL, joined with the path of the
/// question. Operators give URLs with and without the beginning of that path; what is repeated is
/// left out by [`base`]. A question without a path is asked at the URL as it is.
#[must_use]
pub fn join(path: &str, query: Option<&str>, question: &str) -> String {
    let (asked, asked_query) =
        question.split_once('?').map_or((question, None), |(path, query)| (path, Some(query)));
    let mut joined = path.to_owned();
    if !asked.is_empty() {
        joined = path.strip_suffix('/').unwrap_or(path).to_owned();
        joined.push_str(asked);
    }
    let queries: Vec<&str> = query.into_iter().chain(asked_query).filter(|query| !query.is_empty()).collect();
    if !queries.is_empty() {
        joined.push('?');
        joined.push_str(&queries.join("&"));
    }
    joined
}

/// Where the segments of `path` end.
fn ends_of_segments(path: &str) -> impl Iterator<Item = usize> {
    let slashes = path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    slashes.chain([path.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_appended_but_not_repeated() {
        let ton = "/api/v2/getMasterchainInfo";
        for (url, question, want) in [
            ("/", "/status", "/status"),
            ("/", "/", "/"),
            ("/cosmos", "/status", "/cosmos/status"),
            ("/cosmos/", "/status", "/cosmos/status"),
            ("/cosmos//", "/status", "/cosmos//status"),
            ("/KEY/status", "/status", "/KEY/status"),
            ("/", ton, ton),
            ("/api", ton, ton),
            ("/api/v2", ton, ton),
            ("/api/v2/", ton, ton),
            ("/api/v2/getMasterchainInfo", ton, ton),
            ("/KEY/api/v2", ton, "/KEY/api/v2/getMasterchainInfo"),
            ("/KEY/api/v3", ton, "/KEY/api/v3/api/v2/getMasterchainInfo"),
            // Only whole segments are the same.
            ("/a", ton, "/a/api/v2/getMasterchainInfo"),
            ("/my-api", ton, "/my-api/api/v2/getMasterchainInfo"),
            ("/v", "/v1", "/v/v1"),
            ("/v1", "/v1", "/v1"),
            ("/rpc/", "", "/rpc/"),
        ] {
            assert_eq!(join(base(url, question), None, question), want, "{url} and {question}");
        }
    }

    #[test]
    fn another_question_is_joined_where_that_for_the_block_is() {
        for (url, head, chain, want) in [
            ("/", "/v2/status", "/versions", "/versions"),
            ("/v2", "/v2/status", "/versions", "/versions"),
            ("/v2/status", "/v2/status", "/versions", "/versions"),
            ("/KEY/v2/", "/v2/status?full=0", "/versions", "/KEY/versions"),
            ("/KEY", "/v2/status", "/v2/versions", "/KEY/v2/versions"),
            ("/KEY", "", "/versions", "/KEY/versions"),
            ("/KEY/", "", "", "/KEY/"),
        ] {
            assert_eq!(join(base(url, head), None, chain), want, "{url}, {head} and {chain}");
        }
    }

    #[test]
    fn the_query_is_kept() {
        assert_eq!(join("/", Some("key=1"), "/status"), "/status?key=1");
        assert_eq!(join("/", Some("key=1"), "/status?full=0"), "/status?key=1&full=0");
        assert_eq!(join("/", None, "/status?full=0"), "/status?full=0");
        assert_eq!(join("/rpc", Some("key=1"), ""), "/rpc?key=1");
        assert_eq!(join("/rpc", Some(""), ""), "/rpc");
    }
}
