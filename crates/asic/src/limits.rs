//! Bounds on the work that a container can cause.

/// Bounds on sizes and counts; exceeding one is a named error, never a truncated answer.
///
/// Every field says where its number in [`Limits::documents`] comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries in one container: 10,000; a large office document has some 2,000 parts, a month's dossier a few hundred.
    pub entries: u64,
    /// Bytes of the central directory: 4 MiB, 10,000 entries of some 400 bytes.
    pub directory_bytes: u64,
    /// Bytes of one name in UTF-8: 1,024, a quarter of Linux's PATH_MAX, so that it can stand below another folder.
    pub name_bytes: usize,
    /// Folders and the file in one name: 32; Windows' classic path of 260 characters holds no more in practice.
    pub name_depth: usize,
    /// Bytes of one entry once decompressed: 4 GiB, beyond the largest scan or recording that is exchanged in one piece.
    pub entry_bytes: u64,
    /// Bytes of all entries once decompressed: 16 GiB, what a common computer's disk bears.
    pub total_bytes: u64,
    /// How many times larger than its compressed form an entry may be, beyond `ratio_free_bytes`: 100. Deflate reaches
    /// 1,032; the most repetitive XML in circulation stays under 60.
    pub ratio: u64,
    /// Decompressed bytes of an entry to which `ratio` does not apply: 1 MiB, which harms nobody.
    pub ratio_free_bytes: u64,
    /// Bytes of an entry that is read whole (signatures, manifests, time-stamps): 16 MiB; a long-term signature with its
    /// certificate revocation lists seldom reaches 5.
    pub whole_bytes: usize,
    /// Signatures, time-stamps and manifests in one container: 500; every one may cost a digest of everything.
    pub signatures: usize,
    /// References in one manifest: 10,000, as many as entries.
    pub references: usize,
    /// Bounds on the XML files within: [`kyso_xades::Limits::documents`], but 16 MiB for each, as for `whole_bytes`.
    pub xml: kyso_xades::Limits,
}

impl Limits {
    /// Bounds for containers that come from anywhere.
    #[must_use]
    pub const fn documents() -> Self {
        Self {
            entries: 10_000,
            directory_bytes: 4 << 20,
            name_bytes: 1_024,
            name_depth: 32,
            entry_bytes: 4 << 30,
            total_bytes: 16 << 30,
            ratio: 100,
            ratio_free_bytes: 1 << 20,
            whole_bytes: 16 << 20,
            signatures: 500,
            references: 10_000,
            xml: kyso_xades::Limits { bytes: 16 << 20, ..kyso_xades::Limits::documents() },
        }
    }
}

/// Which field of [`Limits`] was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// [`Limits::entries`].
    Entries,
    /// [`Limits::directory_bytes`].
    DirectoryBytes,
    /// [`Limits::entry_bytes`].
    EntryBytes,
    /// [`Limits::total_bytes`].
    TotalBytes,
    /// [`Limits::ratio`].
    Ratio,
    /// [`Limits::whole_bytes`].
    WholeBytes,
    /// [`Limits::signatures`].
    Signatures,
    /// [`Limits::references`].
    References,
}

impl core::fmt::Display for Limit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Entries => "entries",
            Self::DirectoryBytes => "bytes of the central directory",
            Self::EntryBytes => "bytes of one file",
            Self::TotalBytes => "bytes of all files together",
            Self::Ratio => "times its compressed size",
            Self::WholeBytes => "bytes of a file that is read whole",
            Self::Signatures => "signatures, time-stamps and manifests",
            Self::References => "references in one manifest",
        })
    }
}
