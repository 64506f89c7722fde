//! The address a request comes from, for counting: the proxy's word where the connection is a proxy's.
//!
//! A proxy on this machine or in a private network appends the address it saw to `X-Forwarded-For`, so the last one there
//! is its own word. From any other address that header is the client's, and counts for nothing.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};

/// Who asks, as far as the network tells. `None`: this machine itself, or not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub Option<IpAddr>);

impl Client {
    /// The part of the address that its bearer can't change at will: of IPv6, the first half.
    pub fn network(self) -> Option<IpAddr> {
        self.0.map(|address| match address {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            IpAddr::V4(_) => address,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        Ok(Self(peer.and_then(|peer| behind(peer, &parts.headers))))
    }
}

fn behind(peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    let told = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let last = told.and_then(|list| list.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    match last {
        Some(last) if is_near(peer) => Some(last.to_canonical()),
        _ => Some(peer),
    }
    .filter(|address| !address.is_loopback())
}

/// Where a proxy of ours may stand.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_of_ours_is_believed_and_only_its_own_word() {
        let table = [
            ("127.0.0.1", None, None),
            ("127.0.0.1", Some("203.0.113.7"), Some("203.0.113.7")),
            ("10.0.0.2", Some("198.51.100.1, 203.0.113.7"), Some("203.0.113.7")),
            ("::ffff:10.0.0.2", Some("203.0.113.7"), Some("203.0.113.7")),
            ("10.0.0.2", Some("nonsense"), Some("10.0.0.2")),
            ("203.0.113.9", Some("198.51.100.1"), Some("203.0.113.9")),
            ("fd00::1", Some("2001:db8::1"), Some("2001:db8::1")),
        ];
        for (peer, told, expected) in table {
            let mut headers = HeaderMap::new();
            if let Some(told) = told {
                headers.insert("x-forwarded-for", told.parse().expect("a value"));
            }
            let found = behind(peer.parse().expect("an address"), &headers);
            assert_eq!(found, expected.map(|address| address.parse().expect("an address")), "{peer} {told:?}");
        }
    }
    #[test]
    fn who_has_a_whole_network_of_addresses_counts_as_one() {
        let table = [
            ("203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ];
        for (address, network) in table {
            let client = Client(Some(address.parse().expect("an address")));
            assert_eq!(client.network().map(|network| network.to_string()).as_deref(), Some(network));
        }
    }
}
