//! Which certificates of a node are accepted.

use std::{path::Path, sync::Arc};

use headlag_service::text_file::read_text;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::reader::{Field, Reader, Section};

/// More than all authorities of the world need.
const LONGEST: u64 = 4 << 20;

/// Which certificates are accepted: those of the public authorities and of this machine's,
/// unless it says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// The authorities to trust in place of those; absent where there is no `ca_file`.
    pub roots: Option<Arc<[CertificateDer<'static>]>>,
    /// Whether any certificate is accepted, for any name.
    pub skip_verify: bool,
}

/// Reads `ca_file` and `insecure_skip_verify` of a node; absent when one of them is wrong.
pub fn read<'a>(reader: &mut Reader<'a>, section: &Section<'a>, folder: &Path) -> Option<Tls> {
    let skip_verify = section.get("insecure_skip_verify").map(|field| reader.boolean(&field));
    let roots = section.get("ca_file").map(|field| read_roots(reader, &field, folder));
    Some(Tls {
        roots: match roots {
            Some(roots) => Some(roots?),
            None => None,
        },
        skip_verify: match skip_verify {
            Some(skip) => skip?,
            None => false,
        },
    })
}

fn read_roots(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    folder: &Path,
) -> Option<Arc<[CertificateDer<'static>]>> {
    let pem = match read_text(&folder.join(reader.text(field)?), LONGEST) {
        Ok(pem) => pem,
        Err(error) => return reader.wrong(field, format!("the file it names: {error}")),
    };
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let Some(roots) = roots.ok().filter(|roots| !roots.is_empty()) else {
        return reader.wrong(
            field,
            "the file it names: it holds no certificates in PEM; each is between -----BEGIN CERTIFICATE----- \
             and -----END CERTIFICATE-----",
        );
    };
    let mut store = RootCertStore::empty();
    match roots.iter().try_for_each(|root| store.add(root.clone())) {
        Ok(()) => Some(roots.into()),
        Err(_) => reader.wrong(
            field,
            "the file it names: it holds a certificate that cannot be read; export the authority's \
             certificate again, as X.509 in PEM",
        ),
    }
}
