//! What was fetched, on the disk: keyed by the request, checked by its digest, bounded in size.
//!
//! The cache vouches for nothing: whatever comes out of it is judged like what came from the network.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use kyso_x509::{Digest, DigestAlgorithm, Time};

use crate::input::open_regular;

/// A folder of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    folder: PathBuf,
    most_bytes: u64,
}

/// An answer with the time until which it is worth keeping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// When it was fetched.
    pub(super) stored: Time,
    /// Until when it serves: nextUpdate, or the end of a certificate's age in the cache.
    pub(super) expires: Time,
    pub(super) content: Vec<u8>,
}

/// First line of each file: names the form, so that a later one can tell it.
const MAGIC: &str = "kyso fetched 1";

/// Ending of answers.
const ENDING: &str = "fetched";

/// Beginning of files that are being written.
const PARTIAL: &str = ".part-";

/// Longest header: four lines of numbers and a digest.
const MOST_HEADER_BYTES: u64 = 512;

/// A partial file of this age belongs to nobody any more: a fetch lasts seconds.
const PARTIAL_AGE: Duration = Duration::from_secs(3600);

impl Cache {
    /// A cache in this folder, which is made when something is first stored; at most so many bytes are kept.
    #[must_use]
    pub const fn new(folder: PathBuf, most_bytes: u64) -> Self {
        Self { folder, most_bytes }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The answer to a request; damaged files are no answer.
    pub(super) fn find(&self, key: &Digest) -> Option<Entry> {
        let file = open_regular(&self.path(key)).ok()?;
        let mut bytes = Vec::new();
        file.take(self.most_bytes.saturating_add(MOST_HEADER_BYTES))
            .read_to_end(&mut bytes)
            .ok()?;
        parse(&bytes)
    }

    /// Stores an answer; what cannot be stored is fetched again another time.
    pub(super) fn store(&self, key: &Digest, entry: &Entry) {
        if entry.content.len() as u64 <= self.most_bytes && self.write(key, entry).is_ok() {
            self.trim();
        }
    }

    fn write(&self, key: &Digest, entry: &Entry) -> io::Result<()> {
        make_private(&self.folder)?;
        let digest = DigestAlgorithm::Sha256.digest(&entry.content);
        let header = format!(
            "{MAGIC}\nstored {}\nexpires {}\nsha256 {}\n\n",
            entry.stored.as_unix_seconds(),
            entry.expires.as_unix_seconds(),
            hex(&digest)
        );
        // A file that was not written to its end never gets the name; one that lost its end to the power is damaged.
        let mut file = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(&self.folder)?;
        file.write_all(header.as_bytes())?;
        file.write_all(&entry.content)?;
        file.persist(self.path(key)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Takes the oldest away until the rest fits.
    fn trim(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let now = SystemTime::now();
        let mut kept: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in entries.flatten() {
            let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else { continue };
            let Ok(modified) = metadata.modified() else { continue };
            let partial = entry.file_name().to_string_lossy().starts_with(PARTIAL);
            if partial && now.duration_since(modified).is_ok_and(|age| age > PARTIAL_AGE) {
                let _ = fs::remove_file(&path);
            } else if path.extension().is_some_and(|ending| ending == ENDING) {
                kept.push((modified, metadata.len(), path));
            }
        }
        let mut total: u64 = kept.iter().map(|(_, len, _)| len).sum();
        kept.sort();
        for (_, len, path) in kept {
            if total <= self.most_bytes {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total -= len;
            }
        }
    }

    fn path(&self, key: &Digest) -> PathBuf {
        self.folder.join(format!("{}.{ENDING}", hex(key)))
    }
}

fn parse(bytes: &[u8]) -> Option<Entry> {
    let end = bytes.windows(2).take(MOST_HEADER_BYTES as usize).position(|two| two == b"\n\n")?;
    let header = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let content = bytes.get(end + 2..)?;
    let mut lines = header.lines();
    let mut value =
        |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned);
    let (first, last) = MAGIC.split_at(MAGIC.len() - 2);
    (value(first)? == last.trim()).then_some(())?;
    let time = |text: String| text.parse().ok().map(Time::from_unix_seconds);
    let (stored, expires) = (time(value("stored")?)?, time(value("expires")?)?);
    let digest = DigestAlgorithm::Sha256.digest(content);
    (value("sha256")? == hex(&digest)).then(|| Entry { stored, expires, content: content.to_vec() })
}

/// A folder that only its owner enters.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

fn hex(digest: &Digest) -> String {
    digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Digest {
        DigestAlgorithm::Sha256.digest(text.as_bytes())
    }

    fn entry(content: &[u8]) -> Entry {
        Entry {
            stored: Time::from_unix_seconds(5),
            expires: Time::from_unix_seconds(-7),
            content: content.to_vec(),
        }
    }

    #[test]
    fn what_is_damaged_is_no_answer() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let cache = Cache::new(folder.path().join("a/b"), 1000);
        assert_eq!(cache.find(&key("x")), None);
        for content in [&b""[..], b"\n\n", &[0xFF; 700]] {
            cache.store(&key("x"), &entry(content));
            assert_eq!(cache.find(&key("x")), Some(entry(content)));
        }
        assert_eq!(cache.find(&key("y")), None);
        let path = cache.path(&key("x"));
        let whole = fs::read(&path)?;
        // Cut anywhere, or with any byte changed, it is another file or none.
        for len in 0..whole.len() {
            fs::write(&path, &whole[..len])?;
            assert_eq!(cache.find(&key("x")), None, "cut to {len}");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes)?;
            assert!(
                cache.find(&key("x")).is_none_or(|found| found.content == [0xFF; 700]),
                "byte {at}"
            );
        }
        fs::write(&path, b"rubbish")?;
        cache.store(&key("x"), &entry(b"new"));
        assert_eq!(cache.find(&key("x")), Some(entry(b"new")));
        Ok(())
    }

    #[test]
    fn the_oldest_make_room() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let cache = Cache::new(folder.path().to_path_buf(), 3000);
        for number in 0..10_u64 {
            let key = key(&number.to_string());
            cache.store(&key, &entry(&[7; 800]));
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + number);
            fs::File::options().write(true).open(cache.path(&key))?.set_modified(time)?;
        }
        // One more, which is the youngest by the clock of the file system.
        cache.store(&key("last"), &entry(&[7; 800]));
        let found: Vec<u64> =
            (0..10).filter(|number| cache.find(&key(&number.to_string())).is_some()).collect();
        assert_eq!(found, [8, 9]);
        assert!(cache.find(&key("last")).is_some());
        // What never fits is not stored, and takes nothing away.
        cache.store(&key("large"), &entry(&[7; 3001]));
        assert!(cache.find(&key("large")).is_none() && cache.find(&key("last")).is_some());
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_its_owners_and_strays_are_swept() -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir()?;
        let cache = Cache::new(folder.path().join("cache"), 3000);
        cache.store(&key("x"), &entry(b"x"));
        assert_eq!(fs::metadata(cache.folder())?.permissions().mode() & 0o777, 0o700);
        let (old, young) = (cache.folder().join(".part-old"), cache.folder().join(".part-young"));
        fs::write(&young, b"")?;
        fs::File::create(&old)?.set_modified(SystemTime::UNIX_EPOCH)?;
        cache.store(&key("y"), &entry(b"y"));
        assert!(!old.exists() && young.exists());
        Ok(())
    }
}
