//! A person's terminal: what is shown on it, and keys to press.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::rig::until;

pub(crate) struct Desk {
    keys: File,
    shown: Arc<Mutex<Vec<u8>>>,
    /// Kept open, so that the terminal stays when the prompt closes it.
    terminal: std::os::fd::OwnedFd,
    pub(crate) path: PathBuf,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let path = PathBuf::from(ptsname(&keys, Vec::new()).unwrap().into_string().unwrap());
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let terminal = rustix::fs::open(&path, flags, Mode::empty()).unwrap();
        let keys = File::from(keys);
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut screen, seen) = (keys.try_clone().unwrap(), shown.clone());
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut chunk) {
                seen.lock().unwrap().extend_from_slice(&chunk[..read]);
            }
        });
        Self { keys, shown, terminal, path }
    }

    pub(crate) fn press(&self, keys: &str) {
        (&self.keys).write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits for words on the screen.
    #[track_caller]
    pub(crate) fn sees(&self, words: &str) {
        let found = || self.screen().contains(words);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while !found() {
            assert!(
                std::time::Instant::now() < deadline,
                "{words:?} never shown: {:?}",
                self.screen()
            );
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    pub(crate) fn clear(&self) {
        self.shown.lock().unwrap().clear();
    }

    pub(crate) fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    #[track_caller]
    pub(crate) fn until_it_echoes(&self) {
        until("the terminal is as it was", || self.echoes());
    }
}
