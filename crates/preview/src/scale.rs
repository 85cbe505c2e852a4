//! How large a page becomes.

/// Points to an inch.
pub(crate) const INCH: f64 = 72.0;

/// Coarsest resolution that still shows something.
const LEAST_DPI: f64 = 1.0;

/// A page's picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Pixels to an inch, as it turned out.
    pub(crate) dpi: f64,
}

/// The size of a page of so many points, at a resolution that is lowered until the limits hold.
///
/// `None` where no resolution of at least one pixel to an inch keeps them, or the page has no size.
pub(crate) fn scale(points: (f64, f64), dpi: f64, pixels: u32, side: u32) -> Option<Scale> {
    let (width, height) = points;
    if !(width > 0.0 && height > 0.0 && width.is_finite() && height.is_finite()) {
        return None;
    }
    let area = (width / INCH) * (height / INCH);
    let longest = width.max(height) / INCH;
    // Rounding up adds at most a pixel to each side, which the second bound leaves room for.
    let room = f64::from(pixels) / area;
    let dpi = dpi.min(room.sqrt() * 0.999).min(f64::from(side.saturating_sub(1)) / longest);
    if dpi.is_nan() || dpi < LEAST_DPI {
        return None;
    }
    let side_of = |points: f64| (points / INCH * dpi).round().max(1.0) as u32;
    Some(Scale { width: side_of(width), height: side_of(height), dpi })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a4_at_96_dpi() {
        let a4 = scale((595.0, 842.0), 96.0, 25_000_000, 16_384);
        assert_eq!(a4, Some(Scale { width: 793, height: 1123, dpi: 96.0 }));
    }

    #[test]
    fn a_page_without_size_or_end_has_no_picture() {
        for size in [(0.0, 10.0), (10.0, f64::NAN), (f64::INFINITY, 1.0), (1e9, 1.0), (-3.0, 1.0)] {
            assert_eq!(scale(size, 96.0, 25_000_000, 16_384), None, "{size:?}");
        }
    }

    proptest! {
        #[test]
        fn the_limits_hold(
            width in 0.01f64..2e6, height in 0.01f64..2e6, dpi in 1f64..2400.0,
            pixels in 1_000u32..25_000_000, side in 100u32..16_384,
        ) {
            if let Some(found) = scale((width, height), dpi, pixels, side) {
                prop_assert!(found.dpi <= dpi);
                prop_assert!(found.width <= side && found.height <= side);
                let all = u64::from(found.width) * u64::from(found.height);
                // A side of less than a pixel still has one.
                let slack = u64::from(found.width.max(found.height));
                prop_assert!(all <= u64::from(pixels) + slack, "{all} > {pixels}");
            }
        }
    }
}
