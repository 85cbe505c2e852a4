//! The graphics state as far as text depends on it (ISO 32000-2 §8.4, §9.3).

use std::sync::Arc;

use super::font::Font;
use super::matrix::Matrix;

/// What `q` saves.
#[derive(Clone)]
pub(super) struct State {
    /// From user space, or a form's, to visible coordinates.
    pub(super) ctm: Matrix,
    pub(super) font: Option<Arc<Font>>,
    pub(super) size: f64,
    pub(super) character_spacing: f64,
    pub(super) word_spacing: f64,
    /// 1 for the usual 100.
    pub(super) horizontal_scaling: f64,
    pub(super) leading: f64,
    pub(super) rise: f64,
}

impl State {
    pub(super) const fn new(ctm: Matrix) -> Self {
        Self {
            ctm,
            font: None,
            size: 0.0,
            character_spacing: 0.0,
            word_spacing: 0.0,
            horizontal_scaling: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

/// The text and line matrices, which `BT` begins anew.
#[derive(Clone, Copy)]
pub(super) struct TextPosition {
    pub(super) text: Matrix,
    pub(super) line: Matrix,
}

impl TextPosition {
    pub(super) const START: Self = Self { text: Matrix::IDENTITY, line: Matrix::IDENTITY };

    pub(super) const fn set(&mut self, matrix: Matrix) {
        (self.text, self.line) = (matrix, matrix);
    }

    /// To the start of a line at a distance from the one before (`Td`).
    pub(super) fn next_line(&mut self, x: f64, y: f64) {
        self.set(Matrix::translation(x, y).then(&self.line));
    }

    /// Within the line, in unscaled text space.
    pub(super) fn advance(&mut self, x: f64, y: f64) {
        self.text = Matrix::translation(x, y).then(&self.text);
    }
}
