//! Colours, and the spaces they are told in.

use crate::number::number;

/// Red, green and blue of sRGB, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Color {
    /// Red.
    pub red: f64,
    /// Green.
    pub green: f64,
    /// Blue.
    pub blue: f64,
}

impl Color {
    /// Black: what Decree 30/2020 wants of text.
    pub const BLACK: Self = Self { red: 0.0, green: 0.0, blue: 0.0 };
    /// White: the ground of a QR code.
    pub const WHITE: Self = Self { red: 1.0, green: 1.0, blue: 1.0 };
    /// A seal's red, for frames and words that imitate one.
    pub const RED: Self = Self { red: 0.8, green: 0.05, blue: 0.05 };
}

/// How colours are told.
///
/// PDF/A allows device colours only where the document's OutputIntent says what they mean (ISO 19005-1 §6.2.3,
/// ISO 19005-2 §6.2.4). A signature must not add that intent, and the document's own may be for another kind of device
/// (DeviceRGB with an intent for CMYK is forbidden). The CIE-based spaces say themselves what they mean and are allowed
/// everywhere; both reach every colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colors {
    /// DeviceGray and DeviceRGB (ISO 32000-2 §8.6.4): smallest, and what printers of office documents expect.
    Device,
    /// CalRGB, and CalGray for grey pictures (ISO 32000-2 §8.6.5), with the primaries of sRGB: for PDF/A.
    Calibrated,
}

/// D50 with Y = 1, to which the primaries below are adapted: poppler tints grey values where another white is told.
const WHITE_POINT: &str = "[0.9642 1 0.8249]";
/// The power law nearest to sRGB's curve (IEC 61966-2-1, annex A).
const GAMMA: &str = "2.2";
/// XYZ of sRGB's primaries adapted to D50 (ICC's sRGB profile), one after the other.
const MATRIX: &str = "[0.4361 0.2225 0.0139 0.3851 0.7169 0.0971 0.1431 0.0606 0.7141]";

impl Colors {
    /// The space of grey values.
    pub(crate) fn gray(self) -> String {
        match self {
            Self::Device => "/DeviceGray".to_owned(),
            Self::Calibrated => {
                format!("[/CalGray << /WhitePoint {WHITE_POINT} /Gamma {GAMMA} >>]")
            }
        }
    }

    /// The space of red, green and blue.
    pub(crate) fn rgb(self) -> String {
        match self {
            Self::Device => "/DeviceRGB".to_owned(),
            Self::Calibrated => format!(
                "[/CalRGB << /WhitePoint {WHITE_POINT} /Gamma [{GAMMA} {GAMMA} {GAMMA}] /Matrix {MATRIX} >>]"
            ),
        }
    }

    /// The form's `/ColorSpace` resources; none for device colours.
    pub(crate) fn resources(self) -> String {
        match self {
            Self::Device => String::new(),
            Self::Calibrated => {
                format!(" /ColorSpace << /Rgb {} >>", self.rgb())
            }
        }
    }

    /// The operators that make a colour the one to fill with.
    pub(crate) fn fill(self, color: Color) -> String {
        self.operators(color, ["g", "rg", "cs", "sc"])
    }

    /// The operators that make a colour the one to stroke with.
    pub(crate) fn stroke(self, color: Color) -> String {
        self.operators(color, ["G", "RG", "CS", "SC"])
    }

    fn operators(self, color: Color, [gray, rgb, space, set]: [&str; 4]) -> String {
        let [red, green, blue] = [color.red, color.green, color.blue].map(number);
        let is_gray = red == green && green == blue;
        match (self, is_gray) {
            (Self::Device, true) => format!("{red} {gray}\n"),
            (Self::Device, false) => format!("{red} {green} {blue} {rgb}\n"),
            (Self::Calibrated, _) => format!("/Rgb {space} {red} {green} {blue} {set}\n"),
        }
    }
}
