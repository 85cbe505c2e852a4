//! Where signatures stand on a page (Decree 30/2020 appendix I), in visible coordinates: points on the upright page as
//! it is shown, from its lower left corner ([`kyso_pades::PageGeometry::visible`]). No rule here scales anything.

use core::fmt;

use kyso_pades::Rectangle;

/// A corner of the visible page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Corner {
    /// Upper left.
    TopLeft,
    /// Upper right: copies and attachments.
    TopRight,
    /// Lower left.
    BottomLeft,
    /// Lower right.
    BottomRight,
}

/// Distance of a corner's text from the page's edges in points: 5 mm, so that three lines of 10 points end above the
/// document's text, which begins 20 mm below the edge at the least (Decree 30/2020 appendix I).
pub const CORNER_MARGIN: f64 = 14.17;
/// The part of the leader's picture that a seal covers, from its left (Decree 30/2020 appendix I: about a third).
pub const SEAL_OVERLAP: f64 = 1.0 / 3.0;

/// What is to be placed is larger than the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LargerThanPage {
    /// Its width and height in points.
    pub size: (f64, f64),
    /// The visible page's width and height in points.
    pub page: (f64, f64),
}

impl fmt::Display for LargerThanPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, page } = self;
        write!(
            f,
            "what is {:.1} × {:.1} points large does not fit a page of {:.1} × {:.1}",
            size.0, size.1, page.0, page.1
        )
    }
}

impl std::error::Error for LargerThanPage {}

/// A rectangle of a size at a corner, so far from both edges; nearer where the page is too small for that.
///
/// # Errors
/// [`LargerThanPage`].
pub fn at_corner(
    page: &Rectangle,
    size: (f64, f64),
    corner: Corner,
    margin: f64,
) -> Result<Rectangle, LargerThanPage> {
    let left = match corner {
        Corner::TopLeft | Corner::BottomLeft => page.left + margin,
        Corner::TopRight | Corner::BottomRight => page.right - margin - size.0,
    };
    let bottom = match corner {
        Corner::BottomLeft | Corner::BottomRight => page.bottom + margin,
        Corner::TopLeft | Corner::TopRight => page.top - margin - size.1,
    };
    into_page(page, &rectangle(left, bottom, size))
}

/// The place of a seal: it covers the left third of the leader's picture, at the same height, in its own size; moved into
/// the page where it would fall off.
///
/// # Errors
/// [`LargerThanPage`].
pub fn seal_beside(
    page: &Rectangle,
    leader: &Rectangle,
    seal: (f64, f64),
) -> Result<Rectangle, LargerThanPage> {
    let right = leader.left + leader.width() * SEAL_OVERLAP;
    let bottom = (leader.bottom + leader.top - seal.1) / 2.0;
    into_page(page, &rectangle(right - seal.0, bottom, seal))
}

/// A rectangle of a size in the middle between the line of the signer's title and the line of the name below it, moved
/// into the page where it would fall off. It covers parts of both lines where they stand closer than it is high; see
/// [`gap_between`].
///
/// # Errors
/// [`LargerThanPage`].
pub fn between_lines(
    page: &Rectangle,
    title: &Rectangle,
    name: &Rectangle,
    size: (f64, f64),
) -> Result<Rectangle, LargerThanPage> {
    // The name alone says where the middle is: a title may be a part of a longer line.
    let centre = (name.left + name.right) / 2.0;
    let middle = (title.bottom + name.top) / 2.0;
    into_page(page, &rectangle(centre - size.0 / 2.0, middle - size.1 / 2.0, size))
}

/// Height of the free room between the line of the title and the line of the name below it; 0 where there is none.
#[must_use]
pub fn gap_between(title: &Rectangle, name: &Rectangle) -> f64 {
    (title.bottom - name.top).max(0.0)
}

/// The rectangle, moved by as little as brings all of it into the page.
///
/// # Errors
/// [`LargerThanPage`].
pub fn into_page(page: &Rectangle, wanted: &Rectangle) -> Result<Rectangle, LargerThanPage> {
    let size = (wanted.width(), wanted.height());
    let room = (page.width(), page.height());
    // A thousandth of a point is rounding.
    if size.0 > room.0 + 0.001 || size.1 > room.1 + 0.001 {
        return Err(LargerThanPage { size, page: room });
    }
    let left = wanted.left.min(page.right - size.0).max(page.left);
    let bottom = wanted.bottom.min(page.top - size.1).max(page.bottom);
    Ok(rectangle(left, bottom, size))
}

fn rectangle(left: f64, bottom: f64, (width, height): (f64, f64)) -> Rectangle {
    Rectangle { left, bottom, right: left + width, top: bottom + height }
}
