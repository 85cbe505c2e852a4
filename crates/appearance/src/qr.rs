//! QR codes (ISO/IEC 18004:2015) as one path.

use core::fmt::Write as _;

use qrcodegen::{QrCode as Symbol, QrCodeEcc};

use crate::color::{Color, Colors};
use crate::number::number;

/// Light modules around the symbol, which readers need (ISO/IEC 18004 §6.3.8).
const QUIET_ZONE: i32 = 4;
/// The least side of a module in points: 0.33 mm, what telephones read from paper at arm's length.
pub const LEAST_MODULE: f64 = 0.94;
/// What a reader of the page is told to do with the code.
pub const HINT: &str = "Quét mã để kiểm tra chữ ký";

/// A code beside what a signature shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QrCode<'a> {
    /// What a camera reads: an address, or a text. It proves nothing itself; whoever copies a page copies it too.
    pub payload: &'a str,
    /// Words below it, usually [`HINT`].
    pub hint: &'a str,
    /// Its side in points, with the quiet zone.
    pub side: f64,
}

/// Why there is no code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum QrFault {
    TooLong,
    TooSmall { least: f64 },
}

/// A symbol ready to be drawn.
pub(crate) struct Modules {
    symbol: Symbol,
    side: f64,
}

impl Modules {
    /// Error correction M restores 15 %: a page may be creased, and the code stays small.
    pub(crate) fn new(code: &QrCode<'_>) -> Result<Self, QrFault> {
        let symbol = Symbol::encode_text(code.payload, QrCodeEcc::Medium)
            .map_err(|_too_long| QrFault::TooLong)?;
        let least = f64::from(symbol.size() + 2 * QUIET_ZONE) * LEAST_MODULE;
        if code.side < least {
            return Err(QrFault::TooSmall { least });
        }
        Ok(Self { symbol, side: code.side })
    }

    /// White ground and dark modules with the lower left corner at a place.
    pub(crate) fn draw(&self, x: f64, y: f64, colors: Colors) -> String {
        let size = self.symbol.size();
        let module = self.side / f64::from(size + 2 * QUIET_ZONE);
        let mut out = String::from("q\n");
        out.push_str(&colors.fill(Color::WHITE));
        let side = number(self.side);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{} {} {side} {side} re f", number(x), number(y));
        out.push_str(&colors.fill(Color::BLACK));
        let margin = f64::from(QUIET_ZONE) * module;
        // Six decimals of the scale: 177 modules of it are off by less than a micrometre.
        let _ = writeln!(
            out,
            "{module:.6} 0 0 {module:.6} {} {} cm",
            number(x + margin),
            number(y + margin)
        );
        for row in 0..size {
            let mut column = 0;
            while column < size {
                let start = column;
                while column < size && self.symbol.get_module(column, row) {
                    column += 1;
                }
                if column > start {
                    // Rows count from the top, the page from the bottom.
                    let _ = writeln!(out, "{start} {} {} 1 re", size - 1 - row, column - start);
                }
                column += 1;
            }
        }
        out.push_str("f\nQ\n");
        out
    }
}
