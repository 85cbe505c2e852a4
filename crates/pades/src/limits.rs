//! Bounds on the work that a PDF can cause.

/// Bounds on size, depth and work; exceeding one is [`Error::LimitExceeded`](crate::Error), never a guess.
///
/// Every field says where its number in [`Limits::standard`] comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes from the start in which `%PDF-` may begin: 1,024 (ISO 32000-1 Annex H.3 note 13).
    pub header_search: usize,
    /// Bytes from the end in which `startxref` may stand: 2,048, twice what Annex H.3 note 18 asks.
    pub startxref_search: usize,
    /// Cross-reference sections in one chain: 1,024; one is written at each save.
    pub xref_sections: usize,
    /// Cross-reference entries in all sections: 2,000,000, which take 32 MB of memory.
    pub xref_entries: usize,
    /// Highest object number that a new revision may use: 8,388,607 (ISO 32000-1 Annex C.2).
    pub object_number: u32,
    /// Depth of arrays and dictionaries within one object: 256; writers stay under 30.
    pub nesting: usize,
    /// Bytes of one object's text, streams' data apart: 16 MiB, a long form's field list with room.
    pub object_bytes: usize,
    /// Values within one object, and objects within one object stream: 400,000, which take some 30 MB of memory.
    pub object_elements: usize,
    /// References followed from one value to the next: 32; ISO 32000-2 §7.3.10 needs one.
    pub reference_hops: usize,
    /// Bytes of one encoded object stream or cross-reference stream: 16 MiB.
    pub encoded_stream_bytes: usize,
    /// Bytes of the same after decoding: 16 MiB. Deflate reaches 1,032 to 1, so the cap is on the outcome.
    pub decoded_stream_bytes: usize,
    /// Nodes visited in the page tree: 100,000, the largest documents in circulation with room.
    pub page_nodes: usize,
    /// Depth of the page tree: 64; a balanced tree of 100,000 pages is 17 deep at worst.
    pub page_depth: usize,
    /// Nodes visited in the field tree: 100,000.
    pub field_nodes: usize,
    /// Depth of the field tree: 64.
    pub field_depth: usize,
    /// Signatures in one document: 500; each is hashed over nearly the whole file.
    pub signatures: usize,
    /// Certificates, CRLs and OCSP responses in a document security store: 10,000; 500 signatures bring fewer.
    pub security_items: usize,
    /// Objects of later revisions that are compared with what was signed: 200,000, as many as 500 signatures with
    /// 400 objects each bring.
    pub compared_objects: usize,
    /// Bytes of one page's content, forms counted as often as they are drawn: 64 MiB; a dense map has some 20.
    pub content_bytes: usize,
    /// Operators run for one page's text: 4,000,000, as many as 64 MiB of common content hold.
    pub content_operators: usize,
    /// Graphics states saved at once: 4,096; ISO 32000-1 Annex C.2 asks for 28, broken writers leave hundreds.
    pub content_nesting: usize,
    /// Forms drawn within forms: 32; imposition programs stay under 10.
    pub form_depth: usize,
    /// Characters on one page: 500,000; an A4 page set in 4 points has some 50,000.
    pub page_characters: usize,
    /// Codes mapped or given widths by the fonts of one reading: 1,000,000, which take some 30 MB of memory. A
    /// font of the whole Basic Multilingual Plane has 65,536.
    pub font_mappings: usize,
    /// Bytes read or decoded to find objects, in a document's whole life: 256 MiB. The largest
    /// cross-reference allowed takes 40 MB of it, a form of 100,000 fields some 50 MB.
    pub parsed_bytes: u64,
    /// Bytes scanned to rebuild a broken cross-reference: 1 GiB, in one pass.
    pub rebuild_bytes: u64,
}

impl Limits {
    /// The limits for documents from anywhere; each number's reason stands at its field.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            header_search: 1_024,
            startxref_search: 2_048,
            xref_sections: 1_024,
            xref_entries: 2_000_000,
            object_number: 8_388_607,
            nesting: 256,
            object_bytes: 16 << 20,
            object_elements: 400_000,
            reference_hops: 32,
            encoded_stream_bytes: 16 << 20,
            decoded_stream_bytes: 16 << 20,
            page_nodes: 100_000,
            page_depth: 64,
            field_nodes: 100_000,
            field_depth: 64,
            signatures: 500,
            security_items: 10_000,
            compared_objects: 200_000,
            content_bytes: 64 << 20,
            content_operators: 4_000_000,
            content_nesting: 4_096,
            form_depth: 32,
            page_characters: 500_000,
            font_mappings: 1_000_000,
            parsed_bytes: 256 << 20,
            rebuild_bytes: 1 << 30,
        }
    }
}

/// The limit that a document exceeded, named like the field of [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::xref_sections`].
    XrefSections,
    /// [`Limits::xref_entries`].
    XrefEntries,
    /// [`Limits::object_number`].
    ObjectNumber,
    /// [`Limits::nesting`].
    Nesting,
    /// [`Limits::object_bytes`].
    ObjectBytes,
    /// [`Limits::object_elements`].
    ObjectElements,
    /// [`Limits::reference_hops`].
    ReferenceHops,
    /// [`Limits::encoded_stream_bytes`].
    EncodedStreamBytes,
    /// [`Limits::decoded_stream_bytes`].
    DecodedStreamBytes,
    /// [`Limits::page_nodes`].
    PageNodes,
    /// [`Limits::page_depth`].
    PageDepth,
    /// [`Limits::field_nodes`].
    FieldNodes,
    /// [`Limits::field_depth`].
    FieldDepth,
    /// [`Limits::signatures`].
    Signatures,
    /// [`Limits::security_items`].
    SecurityItems,
    /// [`Limits::compared_objects`].
    ComparedObjects,
    /// [`Limits::content_bytes`].
    ContentBytes,
    /// [`Limits::content_operators`].
    ContentOperators,
    /// [`Limits::content_nesting`].
    ContentNesting,
    /// [`Limits::form_depth`].
    FormDepth,
    /// [`Limits::page_characters`].
    PageCharacters,
    /// [`Limits::font_mappings`].
    FontMappings,
    /// [`Limits::parsed_bytes`].
    ParsedBytes,
    /// [`Limits::rebuild_bytes`].
    RebuildBytes,
}

impl core::fmt::Display for Limit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::XrefSections => "cross-reference sections",
            Self::XrefEntries => "cross-reference entries",
            Self::ObjectNumber => "the highest object number",
            Self::Nesting => "the nesting of one object",
            Self::ObjectBytes => "the bytes of one object",
            Self::ObjectElements => "the values in one object",
            Self::ReferenceHops => "references that lead to references",
            Self::EncodedStreamBytes => "the bytes of one encoded stream",
            Self::DecodedStreamBytes => "the bytes of one decoded stream",
            Self::PageNodes => "page tree nodes",
            Self::PageDepth => "the depth of the page tree",
            Self::FieldNodes => "form fields",
            Self::FieldDepth => "the depth of the field tree",
            Self::Signatures => "signatures",
            Self::SecurityItems => "certificates and status in the security store",
            Self::ComparedObjects => "objects of later revisions",
            Self::ContentBytes => "the bytes of one page's content",
            Self::ContentOperators => "the operators of one page",
            Self::ContentNesting => "saved graphics states",
            Self::FormDepth => "forms within forms",
            Self::PageCharacters => "the characters of one page",
            Self::FontMappings => "the codes that fonts map",
            Self::ParsedBytes => "the bytes parsed",
            Self::RebuildBytes => "the bytes scanned for a repair",
        })
    }
}
