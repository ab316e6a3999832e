//! Credentials that a node gets from a file.

use std::path::Path;

use headlag_service::{
    outbound::basic_auth,
    secret_file::{SecretError, SecretFile},
};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::reader::{Field, Reader, Section};

/// All keys of `basic_auth`.
pub const KEYS: [&str; 3] = ["username", "password_file", "file"];

/// What is sent as `Authorization`, from a file that may be replaced at any time.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// How the header is made of the file's secret.
    pub scheme: Scheme,
    /// The file, usable when the config was read.
    pub file: SecretFile,
}

/// What the secret in a file of credentials is.
#[derive(Debug, Clone)]
pub enum Scheme {
    /// A token (RFC 6750, section 2.1).
    Bearer,
    /// The password of this user (RFC 7617).
    Password(SecretString),
    /// User and password, with a colon in between, as in the `.cookie` that bitcoind writes at
    /// each start.
    UserAndPassword,
}

/// Why a file gives no credentials. Never holds what was read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// It holds no secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// User and password cannot be separated.
    #[error("it holds no user:password; write both into it, on one line")]
    NoColon,
    /// A scheme was written before the token, and would be sent twice.
    #[error("it holds spaces; write the token alone, without Bearer before it")]
    Spaces,
    /// RFC 9110, section 5.5.
    #[error("it holds characters that an HTTP header cannot carry")]
    NotForHeader,
}

/// Whether the config says the same. What the file holds is followed without a reload.
impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        let is_same_scheme = match (&self.scheme, &other.scheme) {
            (Scheme::Password(user), Scheme::Password(other)) => {
                user.expose_secret() == other.expose_secret()
            }
            (Scheme::Bearer, Scheme::Bearer) | (Scheme::UserAndPassword, Scheme::UserAndPassword) => true,
            _ => false,
        };
        is_same_scheme && self.file.path() == other.file.path()
    }
}

impl Credentials {
    /// The value of the header, sensitive.
    ///
    /// # Errors
    /// When the secret is not what the scheme needs.
    pub fn header(&self) -> Result<HeaderValue, CredentialsError> {
        let secret = self.file.secret().expose_secret();
        let text = match &self.scheme {
            Scheme::Bearer if secret.contains(' ') => return Err(CredentialsError::Spaces),
            Scheme::Bearer => format!("Bearer {secret}"),
            Scheme::Password(user) => basic_auth(format!("{}:{secret}", user.expose_secret())),
            Scheme::UserAndPassword if secret.contains(':') => basic_auth(secret),
            Scheme::UserAndPassword => return Err(CredentialsError::NoColon),
        };
        let mut header = HeaderValue::from_str(&text).map_err(|_| CredentialsError::NotForHeader)?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Whether the file is a copy that systemd made when it started a unit
    /// (`LoadCredential=`; systemd.exec(5)): it does not follow its original.
    /// `credentials_directory` is the environment variable of that name, in capitals.
    #[must_use]
    pub fn is_copy_by_systemd(&self, credentials_directory: Option<&Path>) -> bool {
        let folders = [Some(Path::new("/run/credentials")), credentials_directory];
        folders.into_iter().flatten().any(|folder| self.file.path().starts_with(folder))
    }
}

/// The credentials of a node that are in a file, and where they are given. The outer option is
/// absent when they are wrong.
pub fn read<'a>(
    reader: &mut Reader<'a>,
    section: &Section<'a>,
    folder: &Path,
) -> Option<Option<(Field<'a>, Credentials)>> {
    let (bearer, basic) = (section.get("bearer_token_file"), section.get("basic_auth"));
    if let (Some(_), Some(basic)) = (&bearer, &basic) {
        reader.problem(basic.line, &basic.path, "is given beside bearer_token_file; keep one of the two");
    }
    let (at, credentials) = match (bearer, basic) {
        (Some(field), _) => (field.clone(), from_file(reader, &field, folder, Scheme::Bearer)),
        (None, Some(field)) => (field.clone(), read_basic(reader, &field, folder)),
        (None, None) => return Some(None),
    };
    Some(Some((at, credentials?)))
}

fn read_basic<'a>(reader: &mut Reader<'a>, field: &Field<'a>, folder: &Path) -> Option<Credentials> {
    let section = reader.section(field, &KEYS)?;
    if let Some(file) = section.get("file") {
        for key in ["username", "password_file"] {
            if let Some(other) = section.get(key) {
                reader.problem(other.line, &other.path, "is given beside file, which holds user:password");
            }
        }
        return from_file(reader, &file, folder, Scheme::UserAndPassword);
    }
    let username = section
        .require(reader, "username", "write the user's name, or name a file: that holds user:password")
        .and_then(|field| {
            let name = reader.text(&field)?;
            if name.contains(':') { reader.wrong(&field, "cannot hold a colon") } else { Some(name) }
        });
    let file = section.require(reader, "password_file", "name a file that holds the password");
    // The file is looked at even if the name is missing: all problems are reported at once.
    let scheme = Scheme::Password(username.clone().unwrap_or_default().into());
    let credentials = file.and_then(|field| from_file(reader, &field, folder, scheme));
    username.and(credentials)
}

fn from_file(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    folder: &Path,
    scheme: Scheme,
) -> Option<Credentials> {
    let path = folder.join(reader.text(field)?);
    let credentials = SecretFile::open(path).map_err(CredentialsError::from).and_then(|file| {
        let credentials = Credentials { scheme, file };
        credentials.header().map(|_| credentials)
    });
    credentials
        .map_err(|error| reader.problem(field.line, &field.path, format!("the file it names: {error}")))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(scheme: Scheme, secret: &str) -> Credentials {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), secret).unwrap();
        Credentials { scheme, file: SecretFile::open(file.path().into()).unwrap() }
    }

    #[test]
    fn a_header_is_made_as_its_scheme_says_and_shown_nowhere() {
        for (scheme, secret, want) in [
            (Scheme::Bearer, "t0ken", Ok("Bearer t0ken")),
            // base64 of "me:open sesame", "me:p:q", "__cookie__:0a1b".
            (Scheme::Password("me".into()), "open sesame", Ok("Basic bWU6b3BlbiBzZXNhbWU=")),
            (Scheme::Password("me".into()), "p:q", Ok("Basic bWU6cDpx")),
            (Scheme::UserAndPassword, "__cookie__:0a1b\n", Ok("Basic X19jb29raWVfXzowYTFi")),
            (Scheme::UserAndPassword, "0a1b", Err("no user:password")),
        ] {
            let credentials = credentials(scheme, secret);
            let header = credentials.header().map_err(|error| error.to_string());
            let shown = format!("{credentials:?} {header:?}");
            assert!(!shown.contains(secret.trim()) && !shown.contains("Basic "), "{shown}");
            match want {
                Ok(want) => assert_eq!(header.unwrap(), want),
                Err(want) => assert!(header.unwrap_err().contains(want), "{want}"),
            }
        }
    }

    #[test]
    fn a_copy_by_systemd_is_recognised_by_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "t0ken").unwrap();
        let file = SecretFile::open(path).unwrap();
        let credentials = Credentials { scheme: Scheme::Bearer, file };
        assert!(!credentials.is_copy_by_systemd(None));
        assert!(!credentials.is_copy_by_systemd(Some(Path::new("/run/user/7/credentials/x.service"))));
        assert!(credentials.is_copy_by_systemd(Some(folder.path())));
    }
}
