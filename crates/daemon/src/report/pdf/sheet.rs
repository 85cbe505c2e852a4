//! Pages that fill from the top: paragraphs, rows with a label, a coloured band, rules; long words break.

use std::fmt::Write as _;

use kyso_appearance::{Face, Weight, deflated, hexadecimal, number, write_file};
use kyso_pades::{Date, NewObject, Piece, encode_text};
use kyso_x509::Time;

use super::PdfReportError;
use crate::text::Lang;

/// Red, green, blue from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Color(pub(super) f64, pub(super) f64, pub(super) f64);

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) bold: bool,
    /// In points.
    pub(super) size: f64,
    pub(super) color: Color,
}

/// A4 in points (ISO 216: 210 × 297 mm).
const PAGE: (f64, f64) = (595.276, 841.89);
/// Margins of 20 mm, left 25 mm for binding: within those of Decree 30/2020, appendix I.
const LEFT: f64 = 70.87;
const RIGHT: f64 = 595.276 - 56.69;
const TOP: f64 = 841.89 - 50.0;
const BOTTOM: f64 = 56.69;
/// Where values of rows begin.
const COLUMN: f64 = LEFT + 128.0;
/// Distance between lines, as a part of the size: Tinos' Vietnamese capitals carry two marks.
const LEADING: f64 = 1.23;

/// Where the document's own objects stand; the two faces, the contents and the pages follow.
const CATALOG: usize = 0;
const TREE: usize = 1;
const INFO: usize = 2;
const FIRST_FACE: usize = 3;

/// Pages under way.
pub(super) struct Sheet {
    regular: Face,
    bold: Face,
    done: Vec<String>,
    page: String,
    /// Upper edge of what comes next.
    y: f64,
}

impl Sheet {
    pub(super) fn new() -> Result<Self, PdfReportError> {
        Ok(Self {
            regular: Face::new(Weight::Regular)?,
            bold: Face::new(Weight::Bold)?,
            done: Vec::new(),
            page: String::new(),
            y: TOP,
        })
    }

    pub(super) fn space(&mut self, points: f64) {
        self.y -= points;
    }

    /// Begins a page where less than this is left.
    pub(super) fn keep_together(&mut self, points: f64) {
        if self.y - points < BOTTOM {
            self.done.push(std::mem::take(&mut self.page));
            self.y = TOP;
        }
    }

    /// A thin line across.
    pub(super) fn rule(&mut self) {
        let [left, right, y] = [LEFT, RIGHT, self.y].map(number);
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(self.page, "0.5 w 0.6 G {left} {y} m {right} {y} l S");
        self.y -= 4.0;
    }

    pub(super) fn centred(&mut self, text: &str, style: Style) {
        for line in self.wrapped(text, style, RIGHT - LEFT) {
            let width = self.face(style.bold).width(&line, style.size);
            self.line(&line, (LEFT + RIGHT - width) / 2.0, style);
        }
    }

    pub(super) fn paragraph(&mut self, text: &str, style: Style) {
        for line in self.wrapped(text, style, RIGHT - LEFT) {
            self.line(&line, LEFT, style);
        }
    }

    /// Text in a frame of a colour, on a tint of it.
    pub(super) fn band(&mut self, text: &str, color: Color, style: Style) {
        const INSET: f64 = 8.0;
        let lines = self.wrapped(text, style, RIGHT - LEFT - 2.0 * INSET);
        let height = lines.len() as f64 * style.size * LEADING + 2.0 * INSET;
        self.keep_together(height);
        let Color(red, green, blue) = color;
        let tint = |part: f64| 1.0 - (1.0 - part) * 0.12;
        let stroke = operands([red, green, blue]);
        let fill = operands([tint(red), tint(green), tint(blue)]);
        let place = operands([LEFT, self.y - height, RIGHT - LEFT, height]);
        let _ = writeln!(self.page, "{fill} rg {stroke} RG 1.5 w {place} re B");
        self.y -= INSET;
        for line in lines {
            self.line(&line, LEFT + INSET, Style { color, ..style });
        }
        self.y -= INSET;
    }

    /// A label, and its value beside it; the row stays on one page where a page can hold it.
    pub(super) fn row(&mut self, label: &str, value: &str, label_style: Style, style: Style) {
        let labels = self.wrapped(label, label_style, COLUMN - LEFT - 8.0);
        let values = self.wrapped(value, style, RIGHT - COLUMN);
        let step = style.size * LEADING;
        let height = labels.len().max(values.len()) as f64 * step;
        self.keep_together(height.min(TOP - BOTTOM));
        let top = self.y;
        for line in &labels {
            self.line(line, LEFT, label_style);
        }
        let below = self.y;
        self.y = top;
        for line in &values {
            self.line(line, COLUMN, style);
        }
        self.y = if self.y > top { self.y } else { self.y.min(below) } - 1.5;
    }

    /// Writes the document; `footer` gives left and right text for a page's number and the count.
    pub(super) fn finish(
        mut self,
        title: &str,
        lang: Lang,
        made: Time,
        footer: impl Fn(usize, usize) -> (String, String),
    ) -> Result<Vec<u8>, PdfReportError> {
        let last = std::mem::take(&mut self.page);
        let mut contents = std::mem::take(&mut self.done);
        contents.push(last);
        let count = contents.len();
        let style = Style { bold: false, size: 7.5, color: Color(0.35, 0.35, 0.35) };
        let mut finished = Vec::new();
        for (index, content) in contents.into_iter().enumerate() {
            self.page = content;
            let (left, right) = footer(index + 1, count);
            let (left, right) = (self.regular.escape(&left), self.regular.escape(&right));
            self.y = BOTTOM - 10.0;
            self.line(&left, LEFT, style);
            self.y = BOTTOM - 10.0;
            let width = self.regular.width(&right, style.size);
            self.line(&right, RIGHT - width, style);
            finished.push(std::mem::take(&mut self.page));
        }
        self.document(title, lang, made, &finished)
    }

    fn document(
        &self,
        title: &str,
        lang: Lang,
        made: Time,
        contents: &[String],
    ) -> Result<Vec<u8>, PdfReportError> {
        let regular = self.regular.objects(FIRST_FACE)?;
        let bold_at = FIRST_FACE + regular.len();
        let bold = self.bold.objects(bold_at)?;
        let first_page = bold_at + bold.len() + contents.len();
        let mut tree = vec![raw(format!("<< /Type /Pages /Count {} /Kids [", contents.len()))];
        for index in 0..contents.len() {
            tree.extend([Piece::Reference(first_page + index), raw(" ")]);
        }
        tree.push(raw("] >>"));
        let catalog = vec![
            raw("<< /Type /Catalog /Pages "),
            Piece::Reference(TREE),
            raw(" /ViewerPreferences << /DisplayDocTitle true >> /Lang "),
            Piece::String(encode_text(lang.pick("vi-VN", "en"))),
            raw(" >>"),
        ];
        let mut objects = vec![value(catalog), value(tree), value(about(title, made))];
        objects.extend(regular);
        objects.extend(bold);
        objects.extend(contents.iter().map(|content| deflated([], content.as_bytes())));
        for index in 0..contents.len() {
            let (width, height) = PAGE;
            objects.push(value(vec![
                raw("<< /Type /Page /Parent "),
                Piece::Reference(TREE),
                raw(format!(" /MediaBox [0 0 {width} {height}] /Contents ")),
                Piece::Reference(first_page - contents.len() + index),
                raw(" /Resources << /Font << /R "),
                Piece::Reference(FIRST_FACE),
                raw(" /B "),
                Piece::Reference(bold_at),
                raw(" >> >> >>"),
            ]));
        }
        Ok(write_file(&objects, CATALOG, Some(INFO)))
    }

    fn face(&self, bold: bool) -> &Face {
        if bold { &self.bold } else { &self.regular }
    }

    /// One line at the present height; moves down, to a new page where none is left.
    fn line(&mut self, text: &str, x: f64, style: Style) {
        let step = style.size * LEADING;
        if self.y - step < BOTTOM && self.y > BOTTOM {
            self.keep_together(step);
        }
        let face = if style.bold { &mut self.bold } else { &mut self.regular };
        let glyphs = face.encode(text);
        let Color(red, green, blue) = style.color;
        let color = operands([red, green, blue]);
        let name = if style.bold { "B" } else { "R" };
        let place = operands([x, self.y - style.size]);
        let (size, glyphs) = (number(style.size), hexadecimal(&glyphs));
        let _ = writeln!(self.page, "{color} rg BT /{name} {size} Tf {place} Td {glyphs} Tj ET");
        self.y -= step;
    }

    /// Lines no wider than this: broken between words, and within one that is wider alone.
    fn wrapped(&self, text: &str, style: Style, width: f64) -> Vec<String> {
        let face = self.face(style.bold);
        let fits = |line: &str| face.width(line, style.size) <= width;
        let text = face.escape(text);
        let mut lines = Vec::new();
        let mut line = String::new();
        for word in text.split_whitespace() {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fits(&longer) {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                line.push(letter);
                if !fits(&line) && line.chars().count() > 1 {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, letter.to_string()));
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        lines
    }
}

/// The information dictionary.
fn about(title: &str, made: Time) -> Vec<Piece> {
    let creator = concat!("kyso ", env!("CARGO_PKG_VERSION"));
    let mut pieces = vec![
        raw("<< /Title "),
        Piece::String(encode_text(title)),
        raw(" /Creator "),
        Piece::String(encode_text(creator)),
    ];
    if let Some(date) = Date::from_unix(made.as_unix_seconds(), 0) {
        pieces.extend([raw(" /CreationDate "), Piece::String(date.to_string().into_bytes())]);
    }
    pieces.push(raw(" >>"));
    pieces
}

fn operands<const N: usize>(numbers: [f64; N]) -> String {
    numbers.map(number).join(" ")
}

fn raw(text: impl Into<Vec<u8>>) -> Piece {
    Piece::Raw(text.into())
}

fn value(pieces: Vec<Piece>) -> NewObject {
    NewObject { pieces, stream: None }
}
