//! PNG files of every kind, written by hand: other programs do not write all of them.

/// Colour type and bits of a sample (PNG table 11.1).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Gray(u8),
    Rgb(u8),
    Palette(u8),
    GrayAlpha(u8),
    Rgba(u8),
}

impl Kind {
    const fn depth(self) -> u8 {
        match self {
            Self::Gray(d)
            | Self::Rgb(d)
            | Self::Palette(d)
            | Self::GrayAlpha(d)
            | Self::Rgba(d) => d,
        }
    }

    const fn color_type(self) -> u8 {
        match self {
            Self::Gray(_) => 0,
            Self::Rgb(_) => 2,
            Self::Palette(_) => 3,
            Self::GrayAlpha(_) => 4,
            Self::Rgba(_) => 6,
        }
    }

    const fn samples(self) -> usize {
        match self {
            Self::Gray(_) | Self::Palette(_) => 1,
            Self::GrayAlpha(_) => 2,
            Self::Rgb(_) => 3,
            Self::Rgba(_) => 4,
        }
    }
}

/// A picture of noise.
#[derive(Clone, Debug)]
pub(crate) struct RawPng {
    pub(crate) kind: Kind,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) interlaced: bool,
    /// With a `tRNS` chunk, where the kind may have one.
    pub(crate) transparent: bool,
    /// All opaque (`Some(false)`), opaque or nothing (`Some(true)`), by degrees (`None`).
    pub(crate) hard_alpha: Option<bool>,
    pub(crate) seed: u64,
}

impl RawPng {
    pub(crate) fn small() -> Self {
        Self {
            kind: Kind::Rgb(8),
            width: 3,
            height: 2,
            interlaced: false,
            transparent: false,
            hard_alpha: None,
            seed: 7,
        }
    }

    pub(crate) fn header_only(&self) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let (width, height) = (self.width.to_be_bytes(), self.height.to_be_bytes());
        let rest = [self.kind.depth(), self.kind.color_type(), 0, 0, u8::from(self.interlaced)];
        chunk(&mut file, b"IHDR", &[width.as_slice(), &height, &rest].concat());
        file
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut file = self.header_only();
        let depth = self.kind.depth();
        match self.kind {
            Kind::Palette(_) => {
                let colors: Vec<u8> = (0..3u32 << depth).map(|at| (at * 37 + 11) as u8).collect();
                chunk(&mut file, b"PLTE", &colors);
                if self.transparent {
                    let alpha: Vec<u8> =
                        (0..1u32 << depth).map(|at| self.alpha(at as u8)).collect();
                    chunk(&mut file, b"tRNS", &alpha);
                }
            }
            Kind::Gray(_) if self.transparent => chunk(&mut file, b"tRNS", &[0, 1]),
            Kind::Rgb(_) if self.transparent => chunk(&mut file, b"tRNS", &[0, 1, 0, 2, 0, 3]),
            _ => {}
        }
        // Adam7's passes (PNG §8.2): first column and row, steps between columns and rows.
        let passes: &[(u32, u32, u32, u32)] = if self.interlaced {
            &[
                (0, 0, 8, 8),
                (4, 0, 8, 8),
                (0, 4, 4, 8),
                (2, 0, 4, 4),
                (0, 2, 2, 4),
                (1, 0, 2, 2),
                (0, 1, 1, 2),
            ]
        } else {
            &[(0, 0, 1, 1)]
        };
        let mut rows = Vec::new();
        for &(x0, y0, dx, dy) in passes {
            for y in (y0..self.height).step_by(dy as usize) {
                let columns: Vec<u32> = (x0..self.width).step_by(dx as usize).collect();
                if columns.is_empty() {
                    continue;
                }
                rows.push(0);
                let mut bits: Vec<bool> = Vec::new();
                for x in columns {
                    for sample in 0..self.kind.samples() {
                        let value = self.sample(x, y, sample);
                        bits.extend((0..depth).rev().map(|bit| value >> bit & 1 == 1));
                    }
                }
                rows.extend(bits.chunks(8).map(|eight| {
                    eight
                        .iter()
                        .enumerate()
                        .fold(0u8, |byte, (at, &bit)| byte | u8::from(bit) << (7 - at))
                }));
            }
        }
        chunk(&mut file, b"IDAT", &miniz_oxide::deflate::compress_to_vec_zlib(&rows, 6));
        chunk(&mut file, b"IEND", &[]);
        file
    }

    fn sample(&self, x: u32, y: u32, sample: usize) -> u16 {
        let noise = hash(self.seed ^ u64::from(x) << 40 ^ u64::from(y) << 20 ^ sample as u64);
        let is_alpha = matches!((self.kind, sample), (Kind::GrayAlpha(_), 1) | (Kind::Rgba(_), 3));
        if is_alpha {
            let alpha = self.alpha(noise as u8);
            return if self.kind.depth() == 16 { u16::from(alpha) * 257 } else { alpha.into() };
        }
        // Few values, so that the transparent one occurs.
        noise as u16 % 5
    }

    fn alpha(&self, noise: u8) -> u8 {
        match self.hard_alpha {
            Some(false) => 255,
            Some(true) => {
                if noise.is_multiple_of(2) {
                    0
                } else {
                    255
                }
            }
            None => noise,
        }
    }
}

/// SplitMix64's last steps.
fn hash(seed: u64) -> u64 {
    let mixed = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let body = [kind.as_slice(), data].concat();
    file.extend_from_slice(&body);
    // CRC-32 as PNG annex D computes it.
    let mut crc = u32::MAX;
    for byte in body {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ crc >> 1 } else { crc >> 1 };
        }
    }
    file.extend((!crc).to_be_bytes());
}
