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

/// A channel below this is ink, not paper or the edge of a letter.
const INK: u8 = 128;

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

/// Lays a label beside the place of a signature: of above, below, right and left where it hides least of the page, and at
/// the place's upper edge where it fits nowhere; always within the page.
///
/// # Errors
/// [`Disagreement`]: nothing is drawn.
pub fn draw_label(
    picture: &mut Picture,
    geometry: &PageGeometry,
    place: Rectangle,
    label: &Picture,
) -> Result<(), Disagreement> {
    let placed = placed_at(picture, geometry, place)?;
    let [left, top, right, bottom] = placed.map(i64::from);
    let (width, _) = geometry.visible_size();
    let gap = (LABEL_GAP * f64::from(picture.width()) / width).round() as i64;
    let (across, down) = (i64::from(label.width()), i64::from(label.height()));
    let last = (i64::from(picture.width()) - across, i64::from(picture.height()) - down);
    // A narrow place has its label over its middle, a wide one over its left end; both within the page.
    let x = if right - left >= across { left } else { i64::midpoint(left, right) - across / 2 };
    let (x, y) = (x.min(last.0).max(0), top.min(last.1).max(0));
    let sides =
        [(x, top - gap - down), (x, bottom + gap), (right + gap, y), (left - gap - across, y)];
    let within = |(x, y): &(i64, i64)| (0..=last.0).contains(x) && (0..=last.1).contains(y);
    let best = sides.into_iter().filter(within).min_by_key(|at| hidden(picture, label, *at));
    let (x, y) = best.unwrap_or((x, y));
    // Both are within the picture, whose sides are of this type.
    picture.lay(label, u32::try_from(x).unwrap_or(0), u32::try_from(y).unwrap_or(0));
    Ok(())
}

/// How many pixels of ink a label at a place would hide.
fn hidden(picture: &Picture, label: &Picture, (left, top): (i64, i64)) -> usize {
    let dark = |x: u32, y: u32| {
        let (x, y) = (i64::from(x) + left, i64::from(y) + top);
        let pixel = picture.pixel(u32::try_from(x).ok()?, u32::try_from(y).ok()?)?;
        Some(pixel.0.iter().any(|channel| *channel < INK))
    };
    let rows = (0..label.height()).flat_map(|y| (0..label.width()).map(move |x| (x, y)));
    rows.filter(|(x, y)| dark(*x, *y) == Some(true)).count()
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
            left in 0.0..110.0f64, bottom in 0.0..150.0f64, width in 1.0..120.0f64, height in 1.0..160.0f64,
        ) {
            let place = Rectangle {
                left,
                bottom,
                right: (left + width).min(120.0),
                top: (bottom + height).min(160.0),
            };
            let media_box = Rectangle { left: 0.0, bottom: 0.0, right: 120.0, top: 160.0 };
            let rotation = kyso_pades::Rotation::None;
            let geometry =
                PageGeometry { media_box, crop_box: media_box, rotation, user_unit: 1.0 };
            let mut picture = Picture::new(120, 160, vec![255; 120 * 160 * 3]).expect("a page");
            let label = Picture::new(40, 10, vec![9; 40 * 10 * 3]).expect("a label");
            draw_label(&mut picture, &geometry, place, &label).expect("drawn");
            let pixels = (0..160).flat_map(|y| (0..120).map(move |x| (x, y)));
            let drawn: Vec<(u32, u32)> =
                pixels.filter(|(x, y)| picture.pixel(*x, *y) == Some(Color([9; 3]))).collect();
            prop_assert_eq!(drawn.len(), 40 * 10);
            let covers = drawn.iter().any(|(x, y)| {
                let (x, y) = (f64::from(*x), 160.0 - f64::from(*y));
                x > place.left + 1.0
                    && x < place.right - 1.0
                    && y < place.top - 1.0
                    && y > place.bottom + 1.0
            });
            let room = 160.0 - place.top > 14.0 || place.bottom > 14.0;
            prop_assert!(!room || !covers);
        }
    }

    #[test]
    fn a_label_hides_as_little_as_it_can() {
        let media_box = Rectangle { left: 0.0, bottom: 0.0, right: 300.0, top: 300.0 };
        let rotation = kyso_pades::Rotation::None;
        let geometry = PageGeometry { media_box, crop_box: media_box, rotation, user_unit: 1.0 };
        let place = Rectangle { left: 100.0, bottom: 120.0, right: 180.0, top: 170.0 };
        let label = Picture::new(60, 20, vec![9; 60 * 20 * 3]).expect("a label");
        // A line of text above, then one below too, then one at the right as well.
        let lines = [(100..180, 118..124), (90..190, 185..190), (190..240, 135..140)];
        let expected = [(100, 182), (182, 130), (38, 130)];
        for (count, (x, y)) in (1..).zip(expected) {
            let mut picture = Picture::new(300, 300, vec![255; 300 * 300 * 3]).expect("a page");
            for (across, down) in &lines[..count] {
                for x in across.clone() {
                    down.clone().for_each(|y| picture.blend(x, y, Color([0; 3]), 255));
                }
            }
            draw_label(&mut picture, &geometry, place, &label).expect("drawn");
            assert_eq!(picture.pixel(x, y), Some(Color([9; 3])), "{count} lines");
            assert_eq!(picture.pixel(x + 59, y + 19), Some(Color([9; 3])), "{count} lines");
        }
    }
}
