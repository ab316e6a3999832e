//! The parameters of a call, from any of the four ways to send them
//! (<https://core.telegram.org/bots/api#making-requests>): query string,
//! urlencoded form, JSON, multipart form.

use std::collections::BTreeMap;

use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::trouble::Refusal;

/// Parameters and uploaded files by name.
#[derive(Debug, Default)]
pub struct Params {
    values: Map<String, Value>,
    files: BTreeMap<String, Bytes>,
}

impl Params {
    /// Reads the query string and the body.
    pub async fn read(query: Option<&str>, content_type: &str, body: Bytes) -> Result<Self, Refusal> {
        let mut params = Params::default();
        params.add_form(query.unwrap_or_default().as_bytes());
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "application/json" if !body.is_empty() => {
                let values: Map<String, Value> = serde_json::from_slice(&body)
                    .map_err(|_| Refusal::bad_request("can't parse JSON object"))?;
                params.values.extend(values.into_iter().filter(|(_, value)| !value.is_null()));
            }
            "application/x-www-form-urlencoded" => params.add_form(&body),
            "multipart/form-data" => params.add_multipart(content_type, body).await?,
            _ => {}
        }
        Ok(params)
    }

    fn add_form(&mut self, form: &[u8]) {
        let mut url = reqwest::Url::parse("http://form").ok();
        if let Some(url) = &mut url {
            url.set_query(std::str::from_utf8(form).ok());
            for (name, value) in url.query_pairs() {
                self.values.insert(name.into_owned(), value.into());
            }
        }
    }

    async fn add_multipart(&mut self, content_type: &str, body: Bytes) -> Result<(), Refusal> {
        let broken = |_| Refusal::bad_request("can't parse multipart form data");
        let boundary = multer::parse_boundary(content_type).map_err(broken)?;
        let mut parts = multer::Multipart::new(BodyDataStream::new(Full::new(body)), boundary);
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            let name = part.name().unwrap_or_default().to_owned();
            if part.file_name().is_some() {
                self.files.insert(name, part.bytes().await.map_err(broken)?);
            } else {
                self.values.insert(name, part.text().await.map_err(broken)?.into());
            }
        }
        Ok(())
    }

    /// Refuses what the method does not know. The real API ignores it;
    /// a test is to find a mistyped name.
    pub fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let attached = |name: &String| {
            let reference = format!("attach://{name}");
            self.values.values().any(|value| value.to_string().contains(&reference))
        };
        let unknown = self.values.keys().find(|name| !known.contains(&name.as_str()));
        let stray = || self.files.keys().find(|name| !known.contains(&name.as_str()) && !attached(name));
        match unknown.or_else(stray) {
            Some(name) => Err(Refusal::bad_request(format!("unknown parameter \"{name}\""))),
            None => Ok(()),
        }
    }

    /// A text, or nothing where it was not sent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(Value::as_str)
    }

    /// A whole number, sent as such or as text; nothing where it was not sent.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.values.get(name) else {
            return Ok(None);
        };
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let wrong = || Refusal::bad_request(format!("parameter \"{name}\" must be an integer"));
        number.map(Some).ok_or_else(wrong)
    }

    /// A JSON object, sent as such or as text; nothing where it was not sent.
    pub fn object<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let parsed = match self.values.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text),
            Some(value) => serde_json::from_value(value.clone()),
        };
        parsed
            .map(Some)
            .map_err(|error| Refusal::bad_request(format!("can't parse parameter \"{name}\": {error}")))
    }

    /// The upload that a value means: `attach://<name>`, or the file of the parameter's own name.
    pub fn file(&self, parameter: &str, value: Option<&str>) -> Option<&Bytes> {
        let name = value.map_or(Some(parameter), |value| value.strip_prefix("attach://"))?;
        self.files.get(name)
    }

    /// All of it, for the record; of a file its size.
    pub fn to_json(&self) -> Value {
        let mut all = self.values.clone();
        for (name, file) in &self.files {
            all.insert(name.clone(), json!(format!("<{} bytes>", file.len())));
        }
        Value::Object(all)
    }
}
