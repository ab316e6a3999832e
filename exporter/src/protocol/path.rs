//! PURE: where at a node a question is asked.

/// The path and query of a request: those of the node's URL, joined with the path of the
/// question. Operators give URLs with and without the beginning of that path, so the longest end
/// of the URL's path that is also the beginning of the question's is not repeated. A question
/// without a path is asked at the URL as it is.
#[must_use]
pub fn join(path: &str, query: Option<&str>, question: &str) -> String {
    let (asked, asked_query) =
        question.split_once('?').map_or((question, None), |(path, query)| (path, Some(query)));
    let mut joined = path.to_owned();
    if !asked.is_empty() {
        joined = path.strip_suffix('/').unwrap_or(path).to_owned();
        let repeated = ends_of_segments(asked).filter(|end| joined.ends_with(&asked[..*end])).max();
        joined.push_str(&asked[repeated.unwrap_or(0)..]);
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
            assert_eq!(join(url, None, question), want, "{url} and {question}");
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
