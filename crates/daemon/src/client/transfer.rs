//! Documents to the daemon, results from it: streamed, and compared by their hashes at both ends.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::Method;
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use kyso::output::{self, PendingFile};
use kyso_protocol::Document;
use ring::digest::{Context, SHA256};
use tokio_util::io::ReaderStream;

use super::{Body, Client, ClientError, accepted, encoded, nothing, parse, refused_unless, whole};

/// Up to here a document is read once and sent from memory; a larger one is read twice, for its digest goes first.
const SMALL: u64 = 1 << 20;

/// Bytes read from a file at once.
const PIECE: usize = 256 << 10;

/// A result that is complete and is what the journal says was released, but has no name yet.
#[derive(Debug)]
pub struct Fetched {
    pending: PendingFile,
}

impl Client {
    /// `POST /v1/documents`: sends a file under the name it shall be known by.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::SentOtherwise`] where the file changed meanwhile.
    pub async fn upload(&mut self, path: &Path, name: &str) -> Result<Document, ClientError> {
        let unreadable = |error| ClientError::Unreadable { path: path.to_path_buf(), error };
        let (length, sha256, body) = read(path).map_err(unreadable)?;
        let target = format!("/v1/documents?name={}", encoded(name));
        let mut request = self.request(Method::POST, &target, body)?;
        let digest = format!("sha-256=:{}:", STANDARD.encode(sha256.as_ref()));
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        headers.insert(
            "content-digest",
            HeaderValue::try_from(digest).map_err(|error| ClientError::Request(error.into()))?,
        );
        let response = self.send(request).await?;
        let document: Document = parse(&accepted(response).await?)?;
        if document.sha256 == hex::encode(sha256.as_ref()) && document.size == length {
            Ok(document)
        } else {
            Err(ClientError::SentOtherwise { path: path.to_path_buf() })
        }
    }

    /// Fetches a result into a file without a name beside `path`, and compares its hash with what entry `entry` of the
    /// journal says was released.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::NotWhatWasReleased`] where the hashes differ.
    pub async fn fetch(
        &mut self,
        target: &str,
        path: &Path,
        overwrite: bool,
        entry: u64,
    ) -> Result<Fetched, ClientError> {
        let unwritable = |error| ClientError::Unwritable { path: path.to_path_buf(), error };
        let released = self.journal_entry(entry).await?.leaf;
        let mut pending = PendingFile::create(path, overwrite).map_err(unwritable)?;
        let request = self.request(Method::GET, target, nothing())?;
        let response = self.send(request).await?;
        let hoped = response.status().is_success();
        let mut body = refused_unless(hoped, response).await?.into_body();
        let mut digest = Context::new(&SHA256);
        while let Some(frame) = body.frame().await {
            if let Ok(bytes) = frame?.into_data() {
                digest.update(&bytes);
                pending.file().write_all(&bytes).map_err(unwritable)?;
            }
        }
        let found = hex::encode(digest.finish().as_ref());
        // A signature's record names the released file, a reissuance's the exported document.
        let recorded = released.get("released").or_else(|| released.get("document"));
        if recorded.and_then(serde_json::Value::as_str) == Some(&found) {
            Ok(Fetched { pending })
        } else {
            Err(ClientError::NotWhatWasReleased { path: path.to_path_buf(), entry })
        }
    }
}

impl Fetched {
    /// Makes the files durable with one flush and gives each its name; the answers are in the order of the files.
    #[must_use]
    pub fn publish(files: Vec<Self>) -> Vec<Result<PathBuf, ClientError>> {
        let flushed = output::flush(files.iter().map(|fetched| &fetched.pending));
        let mut published = Vec::with_capacity(files.len());
        for Self { pending } in files {
            let path = pending.target().to_path_buf();
            let named = match &flushed {
                Ok(()) => pending.publish(),
                Err(error) => Err(std::io::Error::from(error.kind())),
            };
            published.push(match named {
                Ok(()) => Ok(path),
                Err(error) => Err(ClientError::Unwritable { path, error }),
            });
        }
        let names = published.iter().flatten().map(PathBuf::as_path);
        // The names are there; a folder that cannot be flushed takes nothing back.
        let _ = output::flush_names(names);
        published
    }
}

/// A file's length, digest and body.
fn read(path: &Path) -> std::io::Result<(u64, ring::digest::Digest, Body)> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut digest = Context::new(&SHA256);
    if length <= SMALL {
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        (&mut file).take(SMALL + 1).read_to_end(&mut bytes)?;
        digest.update(&bytes);
        return Ok((bytes.len() as u64, digest.finish(), whole(Bytes::from(bytes))));
    }
    let mut piece = vec![0; PIECE];
    let mut total = 0;
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        total += read as u64;
        digest.update(&piece[..read]);
    }
    file.rewind()?;
    // No more than was hashed; less breaks the request off.
    let reader = tokio::io::AsyncReadExt::take(tokio::fs::File::from_std(file), total);
    let frames = ReaderStream::with_capacity(reader, PIECE).map(|piece| piece.map(Frame::data));
    Ok((total, digest.finish(), StreamBody::new(frames).boxed_unsync()))
}
