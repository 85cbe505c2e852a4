//! What systemd is told (sd_notify(3)); without `NOTIFY_SOCKET` nobody listens.

use std::os::unix::net::UnixDatagram;

/// Sends one state; a manager that does not take it is no reason to stop.
pub(crate) fn say(state: &str) {
    let Some(place) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let Ok(socket) = UnixDatagram::unbound() else { return };
    #[cfg(target_os = "linux")]
    if let Some(name) = place.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt as _;
        if let Ok(address) = std::os::unix::net::SocketAddr::from_abstract_name(name) {
            let _ = socket.send_to_addr(state.as_bytes(), &address);
        }
        return;
    }
    let _ = socket.send_to(state.as_bytes(), place);
}
