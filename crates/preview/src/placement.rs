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
