//! Pages that fill from the top: paragraphs, rows with a label, a coloured band, rules; long words break.

use kyso_x509::Time;
use kyso_x509::time::Civil;
use pdf_writer::{Content, Date, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

use super::PdfReportError;
use super::face::{Face, FaceRefs};
use crate::text::Lang;

/// Red, green, blue from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Color(pub(super) f32, pub(super) f32, pub(super) f32);

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub(super) bold: bool,
    /// In points.
    pub(super) size: f32,
    pub(super) color: Color,
}

/// A4 in points (ISO 216: 210 × 297 mm).
const PAGE: (f32, f32) = (595.276, 841.89);
/// Margins of 20 mm, left 25 mm for binding: within those of Decree 30/2020, appendix I.
const LEFT: f32 = 70.87;
const RIGHT: f32 = 595.276 - 56.69;
const TOP: f32 = 841.89 - 50.0;
const BOTTOM: f32 = 56.69;
/// Where values of rows begin.
const COLUMN: f32 = LEFT + 128.0;
/// Distance between lines, as a part of the size: Tinos' Vietnamese capitals carry two marks.
const LEADING: f32 = 1.23;

const REGULAR: Name<'static> = Name(b"R");
const BOLD: Name<'static> = Name(b"B");

/// Pages under way.
pub(super) struct Sheet {
    regular: Face,
    bold: Face,
    done: Vec<Content>,
    page: Content,
    /// Upper edge of what comes next.
    y: f32,
}

impl Sheet {
    pub(super) fn new() -> Result<Self, PdfReportError> {
        Ok(Self {
            regular: Face::regular()?,
            bold: Face::bold()?,
            done: Vec::new(),
            page: Content::new(),
            y: TOP,
        })
    }

    pub(super) fn space(&mut self, points: f32) {
        self.y -= points;
    }

    /// Begins a page where less than this is left.
    pub(super) fn keep_together(&mut self, points: f32) {
        if self.y - points < BOTTOM {
            self.done.push(std::mem::replace(&mut self.page, Content::new()));
            self.y = TOP;
        }
    }

    /// A thin line across.
    pub(super) fn rule(&mut self) {
        self.page.set_line_width(0.5).set_stroke_gray(0.6);
        self.page.move_to(LEFT, self.y).line_to(RIGHT, self.y).stroke();
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
        const INSET: f32 = 8.0;
        let lines = self.wrapped(text, style, RIGHT - LEFT - 2.0 * INSET);
        let height = lines.len() as f32 * style.size * LEADING + 2.0 * INSET;
        self.keep_together(height);
        let Color(red, green, blue) = color;
        let tint = |part: f32| 1.0 - (1.0 - part) * 0.12;
        self.page.set_fill_rgb(tint(red), tint(green), tint(blue));
        self.page.set_stroke_rgb(red, green, blue).set_line_width(1.5);
        self.page.rect(LEFT, self.y - height, RIGHT - LEFT, height).fill_nonzero_and_stroke();
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
        let height = labels.len().max(values.len()) as f32 * step;
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
        let last = std::mem::replace(&mut self.page, Content::new());
        let mut contents = std::mem::take(&mut self.done);
        contents.push(last);
        let count = contents.len();
        let style = Style { bold: false, size: 7.5, color: Color(0.35, 0.35, 0.35) };
        let mut finished = Vec::new();
        for (index, content) in contents.into_iter().enumerate() {
            self.page = content;
            let (left, right) = footer(index + 1, count);
            let (left, right) = (self.regular.fit(&left), self.regular.fit(&right));
            self.y = BOTTOM - 10.0;
            self.line(&left, LEFT, style);
            self.y = BOTTOM - 10.0;
            let width = self.regular.width(&right, style.size);
            self.line(&right, RIGHT - width, style);
            finished.push(std::mem::replace(&mut self.page, Content::new()).finish());
        }
        self.document(title, lang, made, &finished)
    }

    fn document(
        &self,
        title: &str,
        lang: Lang,
        made: Time,
        contents: &[pdf_writer::Buf],
    ) -> Result<Vec<u8>, PdfReportError> {
        let mut next = 1;
        let mut fresh = || {
            let id = Ref::new(next);
            next += 1;
            id
        };
        let (catalog, tree, info) = (fresh(), fresh(), fresh());
        let mut face = || FaceRefs {
            font: fresh(),
            descendant: fresh(),
            descriptor: fresh(),
            unicode: fresh(),
            file: fresh(),
        };
        let (regular, bold) = (face(), face());
        let pages: Vec<(Ref, Ref)> = contents.iter().map(|_| (fresh(), fresh())).collect();
        let mut pdf = Pdf::new();
        let mut root = pdf.catalog(catalog);
        root.pages(tree).lang(TextStr(lang.pick("vi-VN", "en")));
        root.viewer_preferences().display_doc_title(true);
        root.finish();
        pdf.pages(tree)
            .kids(pages.iter().map(|(page, _)| *page))
            .count(i32::try_from(pages.len()).unwrap_or(i32::MAX));
        for ((id, content_id), content) in pages.iter().zip(contents) {
            let mut page = pdf.page(*id);
            page.parent(tree).media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).contents(*content_id);
            page.resources().fonts().pair(REGULAR, regular.font).pair(BOLD, bold.font);
            page.finish();
            pdf.stream(*content_id, content);
        }
        self.regular.write(&mut pdf, &regular)?;
        self.bold.write(&mut pdf, &bold)?;
        let creator = concat!("kyso ", env!("CARGO_PKG_VERSION"));
        let mut about = pdf.document_info(info);
        about.title(TextStr(title)).creator(TextStr(creator));
        if let Some(date) = date(made) {
            about.creation_date(date);
        }
        about.finish();
        Ok(pdf.finish())
    }

    fn face(&self, bold: bool) -> &Face {
        if bold { &self.bold } else { &self.regular }
    }

    /// One line at the present height; moves down, to a new page where none is left.
    fn line(&mut self, text: &str, x: f32, style: Style) {
        let step = style.size * LEADING;
        if self.y - step < BOTTOM && self.y > BOTTOM {
            self.keep_together(step);
        }
        let face = if style.bold { &mut self.bold } else { &mut self.regular };
        let glyphs = face.encode(text);
        let Color(red, green, blue) = style.color;
        let baseline = self.y - style.size;
        self.page.set_fill_rgb(red, green, blue);
        self.page
            .begin_text()
            .set_font(if style.bold { BOLD } else { REGULAR }, style.size)
            .next_line(x, baseline)
            .show(Str(&glyphs))
            .end_text();
        self.y -= step;
    }

    /// Lines no wider than this: broken between words, and within one that is wider alone.
    fn wrapped(&self, text: &str, style: Style, width: f32) -> Vec<String> {
        let face = self.face(style.bold);
        let fits = |line: &str| face.width(line, style.size) <= width;
        let text = face.fit(text);
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

/// A date as PDF writes it, in UTC; none outside its four-digit years.
fn date(time: Time) -> Option<Date> {
    let civil = Civil::from_time(time);
    let small = |value: i64| u8::try_from(value).ok();
    Some(
        Date::new(u16::try_from(civil.year).ok()?)
            .month(small(civil.month)?)
            .day(small(civil.day)?)
            .hour(small(civil.hour)?)
            .minute(small(civil.minute)?)
            .second(small(civil.second)?)
            .utc_offset_hour(0)
            .utc_offset_minute(0),
    )
}
