//! Where a signature will stand, drawn on the picture of its page.

use std::fmt;

use kyso_pades::{PageGeometry, Rectangle};

use crate::picture::{Color, Picture};

/// The blue of ink.
const BLUE: Color = Color([0x1a, 0x4f, 0xd6]);

/// How much of the blue lies over the page: what is below stays readable.
const FILL: u8 = 56;

/// How much of it the frame has.
const FRAME: u8 = 230;

/// Width of the frame in points.
const FRAME_POINTS: f64 = 1.0;

/// Between a place and its label, in points.
const LABEL_GAP: f64 = 2.0;

/// Pixels that two roundings of the same side may be apart.
const ROUNDING: f64 = 2.0;

/// The picture does not have the shape of the page: the renderer drew another one, or read its boxes otherwise, and a
/// place on it would mislead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disagreement {
    /// Width and height of the picture in pixels.
    pub picture: (u32, u32),
    /// Width and height of the page in points.
    pub page: (f64, f64),
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((width, height), (across, up)) = (self.picture, self.page);
        write!(f, "a picture of {width} × {height} pixels for a page of {across} × {up} points")
    }
}

impl std::error::Error for Disagreement {}

/// The pixels of a rectangle of the visible page: left, top, and the first beyond on the right and below.
///
/// # Errors
/// [`Disagreement`].
pub fn placed_at(
    picture: &Picture,
    geometry: &PageGeometry,
    place: Rectangle,
) -> Result<[u32; 4], Disagreement> {
    let (width, height) = geometry.visible_size();
    let (across, down) = (f64::from(picture.width()), f64::from(picture.height()));
    let disagreement =
        Disagreement { picture: (picture.width(), picture.height()), page: (width, height) };
    // Either side gives the scale of the other; NaN is no agreement.
    let off = (across - width * down / height).abs().min((down - height * across / width).abs());
    if off.is_nan() || off > ROUNDING {
        return Err(disagreement);
    }
    let pixel = |value: f64, most: f64| value.round().clamp(0.0, most) as u32;
    Ok([
        pixel(place.left / width * across, across),
        pixel((height - place.top) / height * down, down),
        pixel(place.right / width * across, across),
        pixel((height - place.bottom) / height * down, down),
    ])
}

/// Draws a translucent blue rectangle with a frame where a signature will stand; `place` is in visible coordinates.
///
/// What lies outside the page is not drawn.
///
/// # Errors
/// [`Disagreement`]: nothing is drawn.
pub fn draw_placement(
    picture: &mut Picture,
    geometry: &PageGeometry,
    place: Rectangle,
) -> Result<(), Disagreement> {
    let [left, top, right, bottom] = placed_at(picture, geometry, place)?;
    let (width, _) = geometry.visible_size();
    let scale = f64::from(picture.width()) / width;
    let frame = (FRAME_POINTS * scale).round().max(1.0) as u32;
    for y in top..bottom {
        for x in left..right {
            let edge = (x - left).min(right - 1 - x).min(y - top).min(bottom - 1 - y);
            picture.blend(x, y, BLUE, if edge < frame { FRAME } else { FILL });
        }
    }
    Ok(())
}

/// Lays a label beside the place of a signature: above it, else below it, else at its upper edge; always within the page.
///
/// # Errors
/// [`Disagreement`]: nothing is drawn.
pub fn draw_label(
    picture: &mut Picture,
    geometry: &PageGeometry,
    place: Rectangle,
    label: &Picture,
) -> Result<(), Disagreement> {
    let [left, top, right, bottom] = placed_at(picture, geometry, place)?;
    let (width, _) = geometry.visible_size();
    let gap = (LABEL_GAP * f64::from(picture.width()) / width).round() as u32;
    let (across, down) = (label.width(), label.height());
    let below = bottom.saturating_add(gap);
    let y = match top.checked_sub(down.saturating_add(gap)) {
        Some(above) => above,
        None if below.saturating_add(down) <= picture.height() => below,
        None => top.min(picture.height().saturating_sub(down)),
    };
    // A narrow place has its label over its middle, a wide one over its left end.
    let wide = right.saturating_sub(left) >= across;
    let x = if wide { left } else { (left / 2 + right / 2).saturating_sub(across / 2) };
    picture.lay(label, x.min(picture.width().saturating_sub(across)), y);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::picture::Color;

    proptest! {
        /// Wherever a signature stands, its label is whole on the page, and beside the place where the page has room.
        #[test]
        fn a_label_is_always_whole(
            left in 0.0..560.0f64, bottom in 0.0..800.0f64, width in 1.0..300.0f64, height in 1.0..300.0f64,
        ) {
            let side = |value: f64| value.min(842.0);
            let place = Rectangle {
                left,
                bottom,
                right: (left + width).min(595.0),
                top: side(bottom + height),
            };
            let media_box = Rectangle { left: 0.0, bottom: 0.0, right: 595.0, top: 842.0 };
            let geometry = PageGeometry {
                media_box,
                crop_box: media_box,
                rotation: kyso_pades::Rotation::None,
                user_unit: 1.0,
            };
            let mut picture = Picture::new(595, 842, vec![255; 595 * 842 * 3]).expect("a page");
            let label = Picture::new(120, 24, vec![9; 120 * 24 * 3]).expect("a label");
            draw_label(&mut picture, &geometry, place, &label).expect("drawn");
            let mut drawn = Vec::new();
            for y in 0..842 {
                for x in 0..595 {
                    if picture.pixel(x, y) == Some(Color([9; 3])) {
                        drawn.push((x, y));
                    }
                }
            }
            prop_assert_eq!(drawn.len(), 120 * 24);
            let covers = drawn.iter().any(|(x, y)| {
                let (x, y) = (f64::from(*x), 842.0 - f64::from(*y));
                x > place.left + 1.0 && x < place.right - 1.0 && y < place.top - 1.0 && y > place.bottom + 1.0
            });
            let room = 842.0 - place.top > 28.0 || place.bottom > 28.0;
            prop_assert!(!room || !covers);
        }
    }
}
