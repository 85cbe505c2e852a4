//! The segments of a JPEG file (ITU-T T.81 annex B): what they say, and which of them are kept.

use super::Resolution;

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
/// Restart markers and TEM stand alone, within a scan or anywhere.
const RST0: u8 = 0xd0;
const RST7: u8 = 0xd7;
const TEM: u8 = 0x01;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COM: u8 = 0xfe;

/// A frame header (T.81 §B.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) marker: u8,
    pub(super) precision: u8,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: u8,
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segments {
    pub(super) frame: Frame,
    /// JFIF's density (T.871 §10.1), where it is one of length.
    pub(super) resolution: Option<Resolution>,
    /// Whether Adobe's marker stands there.
    pub(super) adobe: bool,
    /// Exif's orientation: 1 is upright, 2 to 8 are turned or mirrored.
    pub(super) orientation: u16,
    /// The file without comments and application segments other than JFIF's and Adobe's: a camera writes where and when
    /// a picture was taken, which is no part of a signature; nothing that decodes is touched.
    pub(super) kept: Vec<u8>,
}

impl Segments {
    /// `None` where the file is not a sequence of segments from SOI to EOI with one frame.
    pub(super) fn read(file: &[u8]) -> Option<Self> {
        let mut rest = file.strip_prefix(&[0xff, SOI])?;
        let mut kept = vec![0xff, SOI];
        let (mut frame, mut resolution, mut adobe, mut orientation) = (None, None, false, 1);
        loop {
            let (marker, after) = marker(rest)?;
            rest = after;
            match marker {
                EOI => {
                    kept.extend([0xff, EOI]);
                    return Some(Self { frame: frame?, resolution, adobe, orientation, kept });
                }
                TEM | RST0..=RST7 => continue,
                SOI => return None,
                _ => {}
            }
            let length = usize::from(u16::from_be_bytes(*rest.first_chunk::<2>()?));
            let (segment, after) = rest.split_at_checked(length)?;
            let body = segment.get(2..)?;
            rest = after;
            let keep = match marker {
                APP0 => match jfif(body) {
                    Some(density) => {
                        resolution = density;
                        true
                    }
                    None => false,
                },
                APP14 => {
                    let known = body.starts_with(b"Adobe");
                    adobe |= known;
                    known
                }
                APP1 => {
                    orientation = exif_orientation(body).unwrap_or(orientation);
                    false
                }
                APP0..=APP15 | COM => false,
                _ => true,
            };
            if is_frame(marker) {
                // A second frame would be a hierarchical file (T.81 annex J).
                if frame.replace(read_frame(marker, body)?).is_some() {
                    return None;
                }
            }
            if keep {
                kept.extend([0xff, marker]);
                kept.extend_from_slice(segment);
            }
            if marker == SOS {
                let scan = scan_length(rest)?;
                let (entropy_coded, after) = rest.split_at_checked(scan)?;
                kept.extend_from_slice(entropy_coded);
                rest = after;
            }
        }
    }
}

/// The next marker; fill bytes before it are allowed (T.81 §B.1.1.2).
fn marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut rest = bytes.strip_prefix(&[0xff])?;
    while let Some(after) = rest.strip_prefix(&[0xff]) {
        rest = after;
    }
    let (&marker, rest) = rest.split_first()?;
    (marker != 0).then_some((marker, rest))
}

/// SOF0 to SOF15 without DHT, JPG and DAC, whose numbers lie between.
const fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

fn read_frame(marker: u8, body: &[u8]) -> Option<Frame> {
    let [precision, y1, y2, x1, x2, components, ..] = *body else {
        return None;
    };
    let height = u16::from_be_bytes([y1, y2]).into();
    let width = u16::from_be_bytes([x1, x2]).into();
    Some(Frame { marker, precision, width, height, components })
}

/// The density of a JFIF segment; the outer `None` where it is none (T.871 §10.1).
fn jfif(body: &[u8]) -> Option<Option<Resolution>> {
    let [_, _, unit, x1, x2, y1, y2, ..] = *body.strip_prefix(b"JFIF\0")? else {
        return None;
    };
    let x = u16::from_be_bytes([x1, x2]).into();
    let y = u16::from_be_bytes([y1, y2]).into();
    Some(match unit {
        _ if x == 0 || y == 0 => None,
        1 => Some(Resolution::Inch(x, y)),
        2 => Some(Resolution::Centimetre(x, y)),
        _ => None,
    })
}

/// The orientation that an Exif segment tells (CIPA DC-008 §4.6.4, tag 0x0112), which PDF does not follow.
fn exif_orientation(body: &[u8]) -> Option<u16> {
    let tiff = body.strip_prefix(b"Exif\0\0")?;
    let little = tiff.starts_with(b"II");
    let word = |at: usize| {
        let bytes = *tiff.get(at..)?.first_chunk::<2>()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let (low, high) = if little { (4, 6) } else { (6, 4) };
    let directory = usize::from(word(low)?) | usize::from(word(high)?) << 16;
    let count = usize::from(word(directory)?);
    // Twelve bytes an entry; a short value stands at its ninth.
    let entries = (0..count).map(|index| directory.checked_add(2 + 12 * index));
    let entry = entries.map_while(|entry| Some((entry?, word(entry?)?)));
    let (entry, _) = entry.into_iter().find(|(_, tag)| *tag == 0x0112)?;
    word(entry + 8)
}

/// Bytes of entropy-coded data up to the next marker that is not a restart.
fn scan_length(bytes: &[u8]) -> Option<usize> {
    let mut pairs = bytes.windows(2).enumerate();
    pairs.find_map(|(at, pair)| match *pair {
        [0xff, 0x00 | 0xff | RST0..=RST7] => None,
        [0xff, _] => Some(at),
        _ => None,
    })
}
