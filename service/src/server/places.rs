//! How many connections there may be at a time, and how many of one host.
//!
//! The bound for a host leaves no host out. A reverse proxy is a single host to this server, as
//! are all programs on the machine itself; either one reuses its connections, and a quarter of
//! the places is far above what it needs. Were it exempt, those behind it could take all places.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Far above what scrapers and people need; a further connection waits in the backlog.
const MAX_CONNECTIONS: usize = 1024;
/// Three quarters remain for others.
pub const MAX_OF_ONE_HOST: usize = MAX_CONNECTIONS / 4;

/// The places of a listener.
#[derive(Debug)]
pub struct Places {
    free: Arc<Semaphore>,
    hosts: Arc<Mutex<HashMap<IpAddr, Host>>>,
}

#[derive(Debug)]
struct Host {
    connections: usize,
    turn: Arc<Semaphore>,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub struct Place {
    host: IpAddr,
    turn: Arc<Semaphore>,
    hosts: Arc<Mutex<HashMap<IpAddr, Host>>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Places {
    /// All free.
    pub fn new() -> Self {
        Self { free: Arc::new(Semaphore::new(MAX_CONNECTIONS)), hosts: Arc::default() }
    }

    /// Waits until any place is free; it is taken until the permit is dropped.
    pub async fn any(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed, so a permit always comes.
        self.free.clone().acquire_owned().await.ok()
    }

    /// Gives the free place to a client at `address`; absent when its host has its share.
    pub fn take(&self, permit: Option<OwnedSemaphorePermit>, address: IpAddr) -> Option<Place> {
        let host = host_of(address);
        let mut hosts = lock(&self.hosts);
        let share =
            hosts.entry(host).or_insert_with(|| Host { connections: 0, turn: Arc::new(Semaphore::new(1)) });
        if share.connections >= MAX_OF_ONE_HOST {
            return None;
        }
        share.connections += 1;
        let turn = share.turn.clone();
        Some(Place { host, turn, hosts: self.hosts.clone(), _permit: permit })
    }
}

impl Place {
    /// For what only one connection of the host may do at a time.
    pub fn turn(&self) -> Arc<Semaphore> {
        self.turn.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut hosts = lock(&self.hosts);
        if let Some(share) = hosts.get_mut(&self.host) {
            share.connections -= 1;
            if share.connections == 0 {
                hosts.remove(&self.host);
            }
        }
    }
}

/// An IPv4 address, or the /64 of an IPv6 one, which is what a single customer gets at least
/// (RFC 6177).
fn host_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

fn lock(hosts: &Mutex<HashMap<IpAddr, Host>>) -> MutexGuard<'_, HashMap<IpAddr, Host>> {
    hosts.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_cannot_take_all_places() {
        let places = Places::new();
        let take = |address: &str| places.take(None, address.parse().unwrap());
        let mut taken: Vec<_> = (0..MAX_OF_ONE_HOST).map(|_| take("192.0.2.1").unwrap()).collect();
        assert!(take("192.0.2.1").is_none());
        assert!(take("::ffff:192.0.2.1").is_none(), "the same host over a socket for both");
        assert!(take("192.0.2.2").is_some());
        taken.pop();
        assert!(take("192.0.2.1").is_some());
        drop(taken);
        assert!(lock(&places.hosts).is_empty(), "who is gone is forgotten");
    }

    #[test]
    fn the_addresses_of_a_customer_are_one_host() {
        for (a, b, is_same) in [
            ("2001:db8::1", "2001:db8::ffff:2", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("192.0.2.1", "192.0.2.2", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
        ] {
            let [of_a, of_b] = [a, b].map(|address| host_of(address.parse().unwrap()));
            assert_eq!(of_a == of_b, is_same, "{a} and {b}");
        }
    }
}
