//! A finished appearance, and what a PDF/A document may not take of it.

use core::fmt;

use kyso_pades::NewObject;

use crate::color::Colors;

/// What a signature's widget shows (ISO 32000-2 §12.5.5).
#[derive(Clone, Debug, PartialEq)]
pub struct Appearance {
    /// The form XObject with `/BBox [0 0 width height]` first, then what it refers to.
    pub objects: Vec<NewObject>,
    /// Width and height in points.
    pub size: (f64, f64),
    pub(crate) uses_transparency: bool,
    pub(crate) uses_cmyk: bool,
    pub(crate) colors: Colors,
}

/// A part of ISO 19005 that a document claims to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PdfA {
    /// ISO 19005-1, PDF 1.4: knows no transparency.
    Part1,
    /// ISO 19005-2, -3 and -4: know it, under conditions.
    Part2OrLater,
}

/// What the document's OutputIntent says of its colours (ISO 19005-2 §6.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputIntent {
    /// There is none.
    None,
    /// A profile of grey values.
    Gray,
    /// A profile of RGB.
    Rgb,
    /// A profile of CMYK.
    Cmyk,
}

impl Appearance {
    /// Whether something is painted by degrees, which takes the transparent imaging model (ISO 32000-2 §11).
    ///
    /// Where this is false nothing here needs more than PDF 1.4 without transparency: fonts are embedded, images are
    /// deflated or baseline, extended or progressive JPEG, masks have one bit, and no JPEG 2000, script, action, external
    /// reference or PostScript is ever used.
    #[must_use]
    pub const fn uses_transparency(&self) -> bool {
        self.uses_transparency
    }

    /// Checks that a PDF/A document still follows its part with this appearance in it.
    ///
    /// The part's demands on fonts (embedded, widths, `/ToUnicode`, `/CIDSet`) hold always. For colours, see [`Colors`].
    ///
    /// # Errors
    /// [`PdfAConflict`]: the first of its demands that this breaks.
    pub fn check_pdf_a(&self, part: PdfA, intent: OutputIntent) -> Result<(), PdfAConflict> {
        if self.uses_transparency && part == PdfA::Part1 {
            return Err(PdfAConflict::Transparency);
        }
        // ISO 19005-2 §6.2.10: then the page would need a blending space, and the page is not the signature's to change.
        if self.uses_transparency && intent == OutputIntent::None {
            return Err(PdfAConflict::TransparencyWithoutIntent);
        }
        if self.uses_cmyk && intent != OutputIntent::Cmyk {
            return Err(PdfAConflict::Cmyk { intent });
        }
        // Black text is DeviceGray, which any intent explains; a picture or a frame may be DeviceRGB.
        if self.colors == Colors::Device && intent != OutputIntent::Rgb {
            return Err(PdfAConflict::DeviceColors { intent });
        }
        Ok(())
    }
}

/// Why an appearance has no place in a PDF/A document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PdfAConflict {
    /// PDF/A-1 forbids soft masks (ISO 19005-1 §6.4): a picture without soft edges is needed.
    Transparency,
    /// Without an OutputIntent the page would have to name a blending space (ISO 19005-2 §6.2.10).
    TransparencyWithoutIntent,
    /// A picture in CMYK where no intent explains CMYK (ISO 19005-2 §6.2.4.3).
    Cmyk {
        /// What the document says.
        intent: OutputIntent,
    },
    /// Device colours where no intent explains RGB (ISO 19005-2 §6.2.4.3): [`Colors::Calibrated`] is allowed.
    DeviceColors {
        /// What the document says.
        intent: OutputIntent,
    },
}

impl fmt::Display for PdfAConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transparency => "PDF/A-1 forbids transparency, and the picture has soft edges",
            Self::TransparencyWithoutIntent => {
                "PDF/A forbids transparency in a document without an OutputIntent, and the picture has soft edges"
            }
            Self::Cmyk { .. } => {
                "PDF/A forbids a CMYK picture in a document without an OutputIntent for CMYK"
            }
            Self::DeviceColors { .. } => {
                "PDF/A forbids device colours in a document without an OutputIntent for RGB"
            }
        })
    }
}

impl std::error::Error for PdfAConflict {}
