//! `tls_config`: trusted roots, the client's certificate, and the name that the server's
//! certificate must have.

use std::{path::Path, sync::Arc};

use headlag_service::{
    text_file::read_text,
    yaml::reader::{Field, Reader, Section},
};
use reqwest::{
    Certificate, ClientBuilder, Identity, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HOST, HeaderMap, HeaderValue},
    tls::Version,
};
use tokio::net::lookup_host;

use super::LONGEST;

const KEYS: [&str; 7] =
    ["ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify", "min_version", "max_version"];

/// How to speak TLS with a server.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Trusted instead of the usual ones; absent when those are.
    roots: Option<Vec<Certificate>>,
    identity: Option<Identity>,
    /// What the server's certificate has to be for; absent when for the host of the URL.
    server_name: Option<String>,
    skip_verify: bool,
    min_version: Option<Version>,
    max_version: Option<Version>,
}

impl Tls {
    /// A client that speaks so, and the URL by which it reaches the server at `url`.
    pub fn apply(&self, mut client: ClientBuilder, url: Url) -> (ClientBuilder, Url) {
        if let Some(roots) = &self.roots {
            client = client.tls_built_in_root_certs(false);
            client = roots.iter().fold(client, |client, root| client.add_root_certificate(root.clone()));
        }
        if let Some(identity) = &self.identity {
            client = client.identity(identity.clone());
        }
        if self.skip_verify {
            client = client.danger_accept_invalid_certs(true);
        }
        if let Some(version) = self.min_version {
            client = client.min_tls_version(version);
        }
        if let Some(version) = self.max_version {
            client = client.max_tls_version(version);
        }
        match &self.server_name {
            Some(name) if url.scheme() == "https" => under_name(name, client, url),
            _ => (client, url),
        }
    }
}

/// The client takes the server's name for TLS from the URL and from nowhere else. So the URL
/// gets that name, looking it up leads to the original host, and that host is what the server
/// reads in the request.
fn under_name(name: &str, client: ClientBuilder, mut url: Url) -> (ClientBuilder, Url) {
    let host = url.host_str().unwrap_or_default().to_owned();
    let authority = url.port().map_or(host.clone(), |port| format!("{host}:{port}"));
    let as_before = HeaderValue::from_str(&authority).map(|value| HeaderMap::from_iter([(HOST, value)]));
    // Both hosts are of a URL, so neither fails; if one did, the certificate would not fit.
    let (Ok(as_before), Ok(())) = (as_before, url.set_host(Some(name))) else { return (client, url) };
    let host = host.trim_matches(['[', ']']).to_owned();
    (client.default_headers(as_before).dns_resolver(Arc::new(LeadsTo { host })), url)
}

/// Looks up one host, whatever is asked for.
struct LeadsTo {
    host: String,
}

impl Resolve for LeadsTo {
    fn resolve(&self, _: Name) -> Resolving {
        let host = self.host.clone();
        Box::pin(async move {
            // The client puts the port of the URL in place of 0.
            let addresses: Vec<_> = lookup_host((host, 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The settings at `field`; relative names of files start at `folder`.
pub fn read<'a>(reader: &mut Reader<'a>, field: &Field<'a>, folder: &Path) -> Tls {
    let Some(section) = reader.section(field, &KEYS) else { return Tls::default() };
    let server_name = section.get("server_name").and_then(|field| read_name(reader, &field));
    let skip_verify =
        section.get("insecure_skip_verify").and_then(|field| reader.boolean(&field)).unwrap_or_default();
    let roots = section.get("ca_file").and_then(|field| {
        let pem = read_pem(reader, &field, folder)?;
        let roots = Certificate::from_pem_bundle(&pem).ok().filter(|roots| !roots.is_empty());
        roots.or_else(|| reader.wrong(&field, "the file it names holds no certificates in PEM"))
    });
    let identity = read_identity(reader, &section, folder);
    let [min_version, max_version] = ["min_version", "max_version"]
        .map(|key| section.get(key).and_then(|field| read_version(reader, &field)));
    if let (Some(field), Some(min), Some(max)) = (section.get("max_version"), min_version, max_version)
        && max < min
    {
        reader.problem(field.line, &field.path, "is below min_version; swap the two");
    }
    Tls { roots, identity, server_name, skip_verify, min_version, max_version }
}

fn read_name(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<String> {
    let name = reader.verbatim(field)?;
    let as_host = Url::parse(&format!("https://{name}/")).ok();
    match as_host {
        // An address is reached without a look-up, which is where the real host comes in.
        Some(url) if url.domain().is_some_and(|domain| domain.eq_ignore_ascii_case(&name)) => Some(name),
        _ => reader.wrong(field, "must be the name of a host, such as prometheus.example.org"),
    }
}

fn read_version(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Version> {
    match reader.verbatim(field)?.as_str() {
        "TLS12" => Some(Version::TLS_1_2),
        "TLS13" => Some(Version::TLS_1_3),
        _ => reader.wrong(field, "must be TLS12 or TLS13"),
    }
}

fn read_identity<'a>(reader: &mut Reader<'a>, section: &Section<'a>, folder: &Path) -> Option<Identity> {
    let files = ["cert_file", "key_file"].map(|key| section.get(key));
    let [certificate, key] = files.each_ref().map(|file| read_pem(reader, file.as_ref()?, folder));
    match files {
        [Some(field), None] => reader.wrong(&field, "is given without key_file; a certificate needs its key"),
        [None, Some(field)] => {
            reader.wrong(&field, "is given without cert_file; a key needs its certificate")
        }
        [None, None] => None,
        [Some(field), Some(_)] => {
            let identity = Identity::from_pem(&[certificate?, key?].join(&b'\n')).ok();
            identity.or_else(|| reader.wrong(&field, "with its key_file is no certificate and key in PEM"))
        }
    }
}

fn read_pem(reader: &mut Reader<'_>, field: &Field<'_>, folder: &Path) -> Option<Vec<u8>> {
    let path = folder.join(reader.verbatim(field)?);
    match read_text(&path, LONGEST) {
        Ok(pem) => Some(pem.into_bytes()),
        Err(error) => reader.wrong(field, format!("the file it names: {error}")),
    }
}
