//! Marked-up text: HTML and MarkdownV2 as
//! <https://core.telegram.org/bots/api#formatting-options> defines them.

use serde::Serialize;

use super::trouble::Refusal;

/// A marked part of a text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entity {
    /// `bold`, `code`, `text_link`, `bot_command` and so on.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Start, in UTF-16 units.
    pub offset: usize,
    /// Length, in UTF-16 units.
    pub length: usize,
    /// Of links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Takes the marks out of a text.
pub fn parse(text: &str, mode: Option<&str>) -> Result<(String, Vec<Entity>), Refusal> {
    let marked = match mode.map(str::to_ascii_lowercase).as_deref() {
        None | Some("") => Ok((text.to_owned(), Vec::new())),
        Some("html") => html(text),
        Some("markdownv2") => markdown(text),
        Some(_) => return Err(Refusal::bad_request("unsupported parse_mode")),
    };
    let (text, mut entities) =
        marked.map_err(|why| Refusal::bad_request(format!("can't parse entities: {why}")))?;
    entities.extend(links(&text, &entities));
    entities.sort_by_key(|entity| (entity.offset, std::cmp::Reverse(entity.length)));
    Ok((text, entities))
}

/// The web addresses that stand in a text as such, which Telegram marks by itself.
fn links(text: &str, marked: &[Entity]) -> Vec<Entity> {
    let starts = text.match_indices("http").map(|(at, _)| &text[at..]);
    let links = starts.filter(|rest| rest.starts_with("http://") || rest.starts_with("https://"));
    let links = links.map(|rest| {
        let end = rest.find(|c: char| c.is_whitespace() || "<>\"".contains(c)).unwrap_or(rest.len());
        let link = rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'']);
        let before = &text[..text.len() - rest.len()];
        let (offset, length) = (before.encode_utf16().count(), link.encode_utf16().count());
        Entity { kind: "url", offset, length, url: None }
    });
    let is_marked = |link: &Entity| {
        let over = |mark: &&Entity| mark.offset <= link.offset && link.offset < mark.offset + mark.length;
        let takes_links = |mark: &&Entity| !["text_link", "code", "pre"].contains(&mark.kind);
        !marked.iter().filter(over).all(|mark| takes_links(&mark))
    };
    links.filter(|link| !is_marked(link)).collect()
}

/// The command that a message begins with, marked as Telegram marks it for bots.
pub fn command(text: &str) -> Option<Entity> {
    let word = text.split_whitespace().next()?;
    let is_command = text.starts_with('/') && word.len() > 1;
    is_command.then(|| Entity {
        kind: "bot_command",
        offset: 0,
        length: word.encode_utf16().count(),
        url: None,
    })
}

/// A mark that is not closed yet.
struct Open<'a> {
    mark: &'a str,
    kind: &'static str,
    at: usize,
    offset: usize,
    url: Option<String>,
}

/// Plain text and entities, as they grow.
#[derive(Default)]
struct Plain {
    text: String,
    units: usize,
    entities: Vec<Entity>,
}

impl Plain {
    fn push(&mut self, c: char) {
        self.text.push(c);
        self.units += c.len_utf16();
    }

    fn close(&mut self, open: Open, url: Option<String>) {
        let length = self.units - open.offset;
        if length > 0 {
            let (kind, offset) = (open.kind, open.offset);
            let url = url.or(open.url);
            self.entities.push(Entity { kind, offset, length, url });
        }
    }

    fn finish(self) -> (String, Vec<Entity>) {
        (self.text, self.entities)
    }
}

fn html(text: &str) -> Result<(String, Vec<Entity>), String> {
    let mut plain = Plain::default();
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c == '<' {
            let end = rest.find('>').ok_or_else(|| format!("Unclosed start tag at byte offset {at}"))?;
            let tag = &rest[1..end];
            if let Some(name) = tag.strip_prefix('/') {
                let last = open.pop().ok_or_else(|| format!("Unexpected end tag at byte offset {at}"))?;
                if !name.trim().eq_ignore_ascii_case(last.mark) {
                    return Err(format!(
                        "Unmatched end tag at byte offset {at}, expected \"</{}>\", found \"</{name}>\"",
                        last.mark
                    ));
                }
                plain.close(last, None);
            } else {
                let (mark, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
                let kind = html_kind(mark, attributes)
                    .ok_or_else(|| format!("Unsupported start tag \"{mark}\" at byte offset {at}"))?;
                let url = (mark == "a").then(|| attribute(attributes)).flatten();
                open.push(Open { mark, kind, at, offset: plain.units, url });
            }
            at += end + 1;
        } else if let Some((decoded, length)) = (c == '&').then(|| html_entity(rest)).flatten() {
            plain.push(decoded);
            at += length;
        } else {
            plain.push(c);
            at += c.len_utf8();
        }
    }
    match open.pop() {
        Some(left) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", left.mark)),
        None => Ok(plain.finish()),
    }
}

fn html_kind(tag: &str, attributes: &str) -> Option<&'static str> {
    Some(match tag.to_ascii_lowercase().as_str() {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "tg-spoiler" => "spoiler",
        "span" if attributes.contains("tg-spoiler") => "spoiler",
        "a" => "text_link",
        "code" => "code",
        "pre" => "pre",
        "blockquote" if attributes.contains("expandable") => "expandable_blockquote",
        "blockquote" => "blockquote",
        _ => return None,
    })
}

/// The value of the only attribute that matters, with or without quotes.
fn attribute(attributes: &str) -> Option<String> {
    let value = attributes.trim().strip_prefix("href=")?;
    Some(value.trim_matches(['"', '\'']).replace("&amp;", "&"))
}

/// The character that `&…;` stands for, and how long it is written. Others stay as they are.
fn html_entity(rest: &str) -> Option<(char, usize)> {
    let end = rest.find(';')?;
    let decoded = match &rest[1..end] {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((decoded, end + 1))
}

/// Marks of MarkdownV2, the longer ones before those they begin with.
const MARKS: [(&str, &str); 7] = [
    ("```", "pre"),
    ("`", "code"),
    ("||", "spoiler"),
    ("__", "underline"),
    ("_", "italic"),
    ("*", "bold"),
    ("~", "strikethrough"),
];

fn markdown(text: &str) -> Result<(String, Vec<Entity>), String> {
    let mut plain = Plain::default();
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let in_code = open.last().map(|last| last.mark).filter(|mark| mark.starts_with('`'));
        let escaped = (c == '\\').then(|| rest[1..].chars().next()).flatten().filter(char::is_ascii);
        let mark = MARKS
            .into_iter()
            .find(|(mark, _)| rest.starts_with(mark) && in_code.is_none_or(|code| code == *mark));
        let line_start = plain.text.is_empty() || plain.text.ends_with('\n');
        if let Some(escaped) = escaped {
            plain.push(escaped);
            at += 2;
        } else if let Some((mark, kind)) = mark {
            match open.pop_if(|last| last.mark == mark) {
                Some(last) => plain.close(last, None),
                None => open.push(Open { mark, kind, at, offset: plain.units, url: None }),
            }
            at += mark.len();
        } else if in_code.is_some() {
            plain.push(c);
            at += c.len_utf8();
        } else if c == '[' {
            open.push(Open { mark: "[", kind: "text_link", at, offset: plain.units, url: None });
            at += 1;
        } else if let Some((url, last)) =
            link_end(rest).and_then(|url| Some((url, open.pop_if(|last| last.mark == "[")?)))
        {
            at += url.len() + "]()".len();
            plain.close(last, Some(url.replace('\\', "")));
        } else if c == '>' && line_start {
            at += 1;
        } else if "[]()>#+-=|{}.!".contains(c) {
            return Err(format!("Character '{c}' is reserved and must be escaped with the preceding '\\'"));
        } else {
            plain.push(c);
            at += c.len_utf8();
        }
    }
    match open.pop() {
        Some(left) => Err(format!("Can't find end of {} entity at byte offset {}", left.kind, left.at)),
        None => Ok(plain.finish()),
    }
}

/// The URL of `](url)` at the start of `rest`.
fn link_end(rest: &str) -> Option<&str> {
    let url = rest.strip_prefix("](")?;
    url.find(')').map(|end| &url[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mode: &str, text: &str, want: Result<(&str, &str), &str>) {
        let got = parse(text, Some(mode)).map(|(text, entities)| {
            let entity = |e: &Entity| format!("{} {}+{}", e.kind, e.offset, e.length);
            (text, entities.iter().map(entity).collect::<Vec<_>>().join(", "))
        });
        match (got, want) {
            (Ok((text, entities)), Ok(want)) => {
                assert_eq!((text.as_str(), entities.as_str()), want)
            }
            (Err(refusal), Err(want)) => {
                let prefix = "Bad Request: can't parse entities: ";
                assert_eq!(refusal.description.strip_prefix(prefix), Some(want));
            }
            (got, want) => panic!("{got:?} instead of {want:?}"),
        }
    }

    #[test]
    fn html_is_taken_apart_or_refused() {
        check("HTML", "<b>a <i>b</i></b> &lt;3", Ok(("a b <3", "bold 0+3, italic 2+1")));
        check("HTML", "😀<code>x</code>", Ok(("😀x", "code 2+1")));
        check("HTML", "<a href=\"http://x/\">y</a>", Ok(("y", "text_link 0+1")));
        check("HTML", "a & b", Ok(("a & b", "")));
        check("HTML", "😀 https://x/a?b. <b>c</b>", Ok(("😀 https://x/a?b. c", "url 3+13, bold 18+1")));
        check("HTML", "<a href=\"http://x/\">http://y</a>", Ok(("http://y", "text_link 0+8")));
        check("HTML", "<b>a", Err("Can't find end tag corresponding to start tag \"b\""));
        check("HTML", "a</b>", Err("Unexpected end tag at byte offset 1"));
        check("HTML", "1 <2>", Err("Unsupported start tag \"2\" at byte offset 2"));
        check("HTML", "1 < 2", Err("Unclosed start tag at byte offset 2"));
        check(
            "HTML",
            "<b>a</i>",
            Err("Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""),
        );
    }

    #[test]
    fn markdown_is_taken_apart_or_refused() {
        check("MarkdownV2", "*a _b_* c\\.", Ok(("a b c.", "bold 0+3, italic 2+1")));
        check("MarkdownV2", "`1.5-2` [x](http://y/)", Ok(("1.5-2 x", "code 0+5, text_link 6+1")));
        check("MarkdownV2", "*a", Err("Can't find end of bold entity at byte offset 0"));
        check(
            "MarkdownV2",
            "1.5",
            Err("Character '.' is reserved and must be escaped with the preceding '\\'"),
        );
    }
}
