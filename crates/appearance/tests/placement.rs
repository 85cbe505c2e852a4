//! Places: rules over rectangles alone.

use kyso_appearance::placement::{
    CORNER_MARGIN, Corner, LargerThanPage, at_corner, between_lines, gap_between, into_page,
    seal_beside,
};
use kyso_pades::Rectangle;
use proptest::prelude::*;

/// A4 as it is seen.
const PAGE: Rectangle = Rectangle { left: 0.0, bottom: 0.0, right: 595.0, top: 842.0 };

fn rectangle(left: f64, bottom: f64, width: f64, height: f64) -> Rectangle {
    Rectangle { left, bottom, right: left + width, top: bottom + height }
}

#[test]
fn copies_stand_at_the_top_right() {
    let place = at_corner(&PAGE, (186.0, 37.0), Corner::TopRight, CORNER_MARGIN).expect("room");
    assert_eq!((place.right, place.top), (595.0 - CORNER_MARGIN, 842.0 - CORNER_MARGIN));
    // Three lines of 10 points end above the text, which begins 20 mm below the edge at the least.
    assert!(place.bottom > 842.0 - 56.7, "{place:?}");
    let place = at_corner(&PAGE, (100.0, 37.0), Corner::BottomLeft, 5.0).expect("room");
    assert_eq!((place.left, place.bottom), (5.0, 5.0));
    // Without room for the margin it stands nearer to the edge.
    let place = at_corner(&PAGE, (590.0, 37.0), Corner::TopLeft, CORNER_MARGIN).expect("room");
    assert_eq!((place.left, place.right), (5.0, 595.0));
}

#[test]
fn the_seal_covers_a_third_from_the_left() {
    let leader = rectangle(380.0, 200.0, 120.0, 60.0);
    let seal = seal_beside(&PAGE, &leader, (104.0, 104.0)).expect("room");
    assert_eq!(seal.right, 380.0 + 40.0);
    assert_eq!((seal.bottom + seal.top) / 2.0, 230.0);
    // At the page's edge it moves in, and keeps its size.
    let edge = rectangle(30.0, 10.0, 120.0, 60.0);
    let seal = seal_beside(&PAGE, &edge, (104.0, 104.0)).expect("room");
    assert_eq!((seal.left, seal.bottom, seal.right, seal.top), (0.0, 0.0, 104.0, 104.0));
    let size = (600.0, 104.0);
    let refused = seal_beside(&PAGE, &leader, size);
    assert_eq!(refused, Err(LargerThanPage { size, page: (595.0, 842.0) }));
}

#[test]
fn the_leader_signs_between_title_and_name() {
    let title = rectangle(350.0, 300.0, 90.0, 14.0);
    let name = rectangle(360.0, 220.0, 100.0, 14.0);
    assert_eq!(gap_between(&title, &name), 66.0);
    let place = between_lines(&PAGE, &title, &name, (120.0, 60.0)).expect("room");
    assert_eq!((place.left + place.right) / 2.0, 410.0);
    assert_eq!((place.bottom + place.top) / 2.0, 267.0);
    assert_eq!(gap_between(&name, &title), 0.0);
}

proptest! {
    /// Moved into the page, a rectangle keeps its size, lies within, and does not move where it lay within.
    #[test]
    fn nothing_falls_off(
        left in -2000f64..2000.0, bottom in -2000f64..2000.0, width in 1f64..900.0, height in 1f64..900.0,
    ) {
        let wanted = rectangle(left, bottom, width, height);
        match into_page(&PAGE, &wanted) {
            Ok(moved) => {
                prop_assert!((moved.width() - width).abs() < 1e-6 && (moved.height() - height).abs() < 1e-6);
                prop_assert!(moved.left >= 0.0 && moved.bottom >= 0.0);
                prop_assert!(moved.right <= 595.002 && moved.top <= 842.002);
                if PAGE.contains(&wanted) {
                    prop_assert!((moved.left - left).abs() < 1e-6 && (moved.bottom - bottom).abs() < 1e-6);
                }
            }
            Err(refused) => {
                prop_assert!(width > 595.0 || height > 842.0);
                prop_assert!((refused.size.0 - width).abs() < 1e-6 && (refused.size.1 - height).abs() < 1e-6);
            }
        }
    }
}
