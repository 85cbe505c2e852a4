//! A page's boxes and rotation (ISO 32000-2 §14.11.2, table 31), and the coordinates that a person sees.

use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::object::{Dictionary, Object};

/// US Letter in points: what readers take where no `/MediaBox` can be read.
const NO_MEDIA_BOX: Rectangle = Rectangle { left: 0.0, bottom: 0.0, right: 612.0, top: 792.0 };

/// A rectangle with its corners in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// Least horizontal coordinate.
    pub left: f64,
    /// Least vertical coordinate.
    pub bottom: f64,
    /// Greatest horizontal coordinate.
    pub right: f64,
    /// Greatest vertical coordinate.
    pub top: f64,
}

impl Rectangle {
    /// The rectangle between two opposite corners (ISO 32000-2 §7.9.5: in any order).
    #[must_use]
    pub const fn between(x1: f64, y1: f64, x2: f64, y2: f64) -> Self {
        Self { left: x1.min(x2), bottom: y1.min(y2), right: x1.max(x2), top: y1.max(y2) }
    }

    /// From left to right.
    #[must_use]
    pub const fn width(&self) -> f64 {
        self.right - self.left
    }

    /// From bottom to top.
    #[must_use]
    pub const fn height(&self) -> f64 {
        self.top - self.bottom
    }

    /// What both cover; `None` where that has no area.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let common = Self {
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.min(other.right),
            top: self.top.min(other.top),
        };
        (common.width() > 0.0 && common.height() > 0.0).then_some(common)
    }

    /// Whether another lies within, edges included.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.left <= other.left
            && self.bottom <= other.bottom
            && self.right >= other.right
            && self.top >= other.top
    }
}

/// How a page is turned before it is shown (`/Rotate`), clockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Not at all.
    None,
    /// By 90 degrees.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees.
    ThreeQuarters,
}

impl Rotation {
    /// The rotation for a multiple of 90 degrees, positive or not.
    #[must_use]
    pub const fn from_degrees(degrees: i64) -> Option<Self> {
        match degrees.rem_euclid(360) {
            0 => Some(Self::None),
            90 => Some(Self::Quarter),
            180 => Some(Self::Half),
            270 => Some(Self::ThreeQuarters),
            _ => None,
        }
    }

    /// Degrees clockwise: 0, 90, 180 or 270.
    #[must_use]
    pub const fn degrees(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Quarter => 90,
            Self::Half => 180,
            Self::ThreeQuarters => 270,
        }
    }
}

/// What decides how a page's user space becomes what a person sees.
///
/// *Visible* coordinates are points (1/72 inch) on the upright page as it is shown, from its lower left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageGeometry {
    /// `/MediaBox` in default user space.
    pub media_box: Rectangle,
    /// `/CropBox` within the media box, in default user space: what is shown.
    pub crop_box: Rectangle,
    /// `/Rotate`.
    pub rotation: Rotation,
    /// `/UserUnit`: points to one unit of default user space, above 0.
    pub user_unit: f64,
}

impl PageGeometry {
    /// Width and height of the page as it is shown, in points.
    #[must_use]
    pub const fn visible_size(&self) -> (f64, f64) {
        let width = self.crop_box.width() * self.user_unit;
        let height = self.crop_box.height() * self.user_unit;
        match self.rotation {
            Rotation::None | Rotation::Half => (width, height),
            Rotation::Quarter | Rotation::ThreeQuarters => (height, width),
        }
    }

    /// The visible page as a rectangle.
    #[must_use]
    pub const fn visible(&self) -> Rectangle {
        let (right, top) = self.visible_size();
        Rectangle { left: 0.0, bottom: 0.0, right, top }
    }

    /// A point of default user space in visible coordinates.
    #[must_use]
    pub const fn from_user_space_point(&self, x: f64, y: f64) -> (f64, f64) {
        let (crop, unit) = (&self.crop_box, self.user_unit);
        let (x, y) = match self.rotation {
            Rotation::None => (x - crop.left, y - crop.bottom),
            Rotation::Quarter => (y - crop.bottom, crop.right - x),
            Rotation::Half => (crop.right - x, crop.top - y),
            Rotation::ThreeQuarters => (crop.top - y, x - crop.left),
        };
        (x * unit, y * unit)
    }

    /// A visible point in default user space.
    #[must_use]
    pub const fn to_user_space_point(&self, x: f64, y: f64) -> (f64, f64) {
        let (crop, unit) = (&self.crop_box, self.user_unit);
        let (x, y) = (x / unit, y / unit);
        match self.rotation {
            Rotation::None => (crop.left + x, crop.bottom + y),
            Rotation::Quarter => (crop.right - y, crop.bottom + x),
            Rotation::Half => (crop.right - x, crop.top - y),
            Rotation::ThreeQuarters => (crop.left + y, crop.top - x),
        }
    }

    /// A rectangle of default user space in visible coordinates.
    #[must_use]
    pub const fn from_user_space(&self, rectangle: Rectangle) -> Rectangle {
        let (x1, y1) = self.from_user_space_point(rectangle.left, rectangle.bottom);
        let (x2, y2) = self.from_user_space_point(rectangle.right, rectangle.top);
        Rectangle::between(x1, y1, x2, y2)
    }

    /// A visible rectangle in default user space.
    #[must_use]
    pub const fn to_user_space(&self, visible: Rectangle) -> Rectangle {
        let (x1, y1) = self.to_user_space_point(visible.left, visible.bottom);
        let (x2, y2) = self.to_user_space_point(visible.right, visible.top);
        Rectangle::between(x1, y1, x2, y2)
    }

    /// The `/Matrix` of a form of this size that makes it stand upright on the page as it is shown.
    #[must_use]
    pub const fn upright_matrix(&self, width: f64, height: f64) -> [f64; 6] {
        match self.rotation {
            Rotation::None => [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            Rotation::Quarter => [0.0, 1.0, -1.0, 0.0, height, 0.0],
            Rotation::Half => [-1.0, 0.0, 0.0, -1.0, width, height],
            Rotation::ThreeQuarters => [0.0, -1.0, 1.0, 0.0, 0.0, width],
        }
    }
}

impl<R: Read + Seek> Document<R> {
    /// Boxes, rotation and unit of the page of an index, counted from 0.
    ///
    /// What is absent or makes no sense is taken as readers take it: Letter size, the media box, no rotation, one point.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub fn page_geometry(&mut self, index: usize) -> Result<PageGeometry, Error> {
        let page = self.page(index)?;
        let empty = Dictionary { entries: Vec::new(), span: 0..0 };
        let dictionary = page.value.as_dictionary().unwrap_or(&empty);
        let media_box = self.inherited(dictionary, "MediaBox")?;
        let media_box = self.rectangle(&media_box)?.unwrap_or(NO_MEDIA_BOX);
        let crop_box = self.inherited(dictionary, "CropBox")?;
        let crop_box = self.rectangle(&crop_box)?;
        let crop_box = crop_box.and_then(|crop| crop.intersection(&media_box)).unwrap_or(media_box);
        let rotation = self.inherited(dictionary, "Rotate")?.as_number().unwrap_or(0.0);
        let rotation = Rotation::from_degrees(rotation as i64).unwrap_or(Rotation::None);
        let user_unit = self.value(dictionary, "UserUnit")?.as_number();
        let user_unit = user_unit.filter(|unit| unit.is_finite() && *unit > 0.0).unwrap_or(1.0);
        Ok(PageGeometry { media_box, crop_box, rotation, user_unit })
    }

    /// An attribute of a page or of the nearest node above it that has it (ISO 32000-2 §7.7.3.4).
    pub(crate) fn inherited(&mut self, page: &Dictionary, key: &str) -> Result<Object, Error> {
        let mut node = page.clone();
        for _ in 0..=self.limits.page_depth {
            let value = self.value(&node, key)?;
            if value != Object::Null {
                return Ok(value);
            }
            match self.value(&node, "Parent")? {
                Object::Dictionary(parent) => node = parent,
                _ => break,
            }
        }
        Ok(Object::Null)
    }

    /// A rectangle with area, its numbers by reference or not.
    pub(crate) fn rectangle(&mut self, value: &Object) -> Result<Option<Rectangle>, Error> {
        let Object::Array(array) = value else {
            return Ok(None);
        };
        let mut numbers = [0.0; 4];
        if array.items.len() != numbers.len() {
            return Ok(None);
        }
        for (number, item) in numbers.iter_mut().zip(&array.items) {
            match self.resolve(item)?.as_number() {
                Some(value) if value.is_finite() => *number = value,
                _ => return Ok(None),
            }
        }
        let [x1, y1, x2, y2] = numbers;
        let rectangle = Rectangle::between(x1, y1, x2, y2);
        Ok((rectangle.width() > 0.0 && rectangle.height() > 0.0).then_some(rectangle))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn geometry(rotation: Rotation, user_unit: f64) -> PageGeometry {
        let crop_box = Rectangle { left: 10.0, bottom: 20.0, right: 110.0, top: 220.0 };
        PageGeometry { media_box: crop_box, crop_box, rotation, user_unit }
    }

    #[test]
    fn a_quarter_turn_brings_the_top_to_the_right() {
        let turned = geometry(Rotation::Quarter, 1.0);
        assert_eq!(turned.visible_size(), (200.0, 100.0));
        assert_eq!(turned.from_user_space_point(10.0, 220.0), (200.0, 100.0));
        assert_eq!(turned.from_user_space_point(110.0, 20.0), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_place(
            turn in 0i64..4, unit in 0.1f64..10.0, x in -500f64..500.0, y in -500f64..500.0,
        ) {
            let rotation = Rotation::from_degrees(turn * 90 - 360).expect("a multiple of 90");
            let geometry = geometry(rotation, unit);
            let (there_x, there_y) = geometry.from_user_space_point(x, y);
            let (back_x, back_y) = geometry.to_user_space_point(there_x, there_y);
            prop_assert!((back_x - x).abs() < 1e-6 && (back_y - y).abs() < 1e-6);
        }

        /// The upright matrix puts the form's corners where the visible page has them.
        #[test]
        fn an_upright_form_fills_its_rectangle(
            turn in 0i64..4, width in 1f64..90.0, height in 1f64..90.0,
        ) {
            let rotation = Rotation::from_degrees(turn * 90).expect("a multiple of 90");
            let geometry = geometry(rotation, 1.0);
            let visible = Rectangle { left: 5.0, bottom: 7.0, right: 5.0 + width, top: 7.0 + height };
            let rect = geometry.to_user_space(visible);
            let [a, b, c, d, e, f] = geometry.upright_matrix(width, height);
            for (x, y) in [(0.0, 0.0), (width, 0.0), (0.0, height)] {
                // ISO 32000-2 §12.5.5, algorithm 8.1: the box after /Matrix starts at (0, 0) and has the size of /Rect.
                let user = (a * x + c * y + e + rect.left, b * x + d * y + f + rect.bottom);
                let (seen_x, seen_y) = geometry.from_user_space_point(user.0, user.1);
                prop_assert!((seen_x - (5.0 + x)).abs() < 1e-6, "{seen_x} {x}");
                prop_assert!((seen_y - (7.0 + y)).abs() < 1e-6, "{seen_y} {y}");
            }
        }
    }
}
