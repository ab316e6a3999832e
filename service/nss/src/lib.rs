//! How a program that is linked statically with glibc looks names up.
//!
//! glibc loads a module for each service that `/etc/nsswitch.conf` names (`myhostname`, `resolve`,
//! `mdns4_minimal`, …). Those of a system belong to its own glibc; in a static program with another
//! version of it they crash the whole process with SIGFPE or SIGSEGV at the first lookup, as seen on
//! Debian 13 with a program from Debian 12. `files` and `dns` are part of glibc itself since 2.34 and
//! load nothing.

/// Looks host names up in `/etc/hosts` and by DNS alone, whatever `/etc/nsswitch.conf` says, where this
/// program is linked statically with glibc. Elsewhere the system decides, and nothing is done.
///
/// For the start of a program, before its first lookup.
pub fn look_up_without_modules() {
    #[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
    configured::hosts();
}

#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
mod configured {
    use std::ffi::{c_char, c_int};

    unsafe extern "C" {
        /// Of glibc's `nss.h`: sets the services of one database for this process.
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }

    pub fn hosts() {
        // SAFETY: both are strings that end with NUL and live for ever, and glibc copies what it keeps.
        // It fails only where memory is exhausted or a name is unknown, and changes nothing then.
        unsafe { __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr()) };
    }
}
