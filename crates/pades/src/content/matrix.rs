//! Coordinate transformations (ISO 32000-2 §8.3.3).

use crate::object::Object;

/// The matrix [a b c d e f]: a point (x, y) becomes (ax + cy + e, bx + dy + f).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matrix(pub(super) [f64; 6]);

impl Matrix {
    pub(super) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(super) const fn translation(x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// This transformation, then the other one.
    pub(super) fn then(&self, other: &Self) -> Self {
        let [a, b, c, d, e, f] = self.0;
        let (e, f) = other.point(e, f);
        let (a, b) = other.vector(a, b);
        let (c, d) = other.vector(c, d);
        Self([a, b, c, d, e, f])
    }

    pub(super) const fn point(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    pub(super) const fn vector(&self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, ..] = self.0;
        (a * x + c * y, b * x + d * y)
    }

    /// Whether every number is one that can be reckoned with.
    pub(super) fn is_finite(&self) -> bool {
        self.0.iter().all(|number| number.is_finite())
    }

    /// Six numbers, of an array or of an operator's operands.
    pub(super) fn read(values: &[Object]) -> Option<Self> {
        let mut numbers = [0.0; 6];
        if values.len() != numbers.len() {
            return None;
        }
        for (number, value) in numbers.iter_mut().zip(values) {
            *number = value.as_number()?;
        }
        Some(Self(numbers))
    }
}
