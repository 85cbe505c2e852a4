//! Runs a content stream for its text (ISO 32000-2 §7.8.2, Annex A).

use std::collections::HashSet;
use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::geometry::PageGeometry;
use crate::lexer::{Failure, Lexer, is_white_space};
use crate::limits::{Limit, Limits};
use crate::object::{Dictionary, IndirectObject, Object, Reference};
use crate::text::decode_text;

use super::PageText;
use super::budget::PageBudget;
use super::matrix::Matrix;
use super::resources::{Fonts, Resources, or_nothing};
use super::state::{State, TextPosition};
use super::words::{Glyph, WordBuilder};

/// Operands kept before an operator: those of the operators that matter are at most 6.
const OPERANDS: usize = 64;

/// Reads one page.
pub(super) struct Interpreter<'a, R> {
    document: &'a mut Document<R>,
    fonts: &'a mut Fonts,
    limits: Limits,
    geometry: PageGeometry,
    budget: PageBudget,
    words: WordBuilder,
    unreadable: usize,
    damaged: Vec<Reference>,
    /// Forms being drawn: one that draws itself is left out, as readers do.
    active: Vec<Reference>,
    /// Images met, so that none is read twice.
    images: HashSet<Reference>,
}

/// What one content stream has besides the resources.
struct Run {
    state: State,
    saved: Vec<State>,
    position: TextPosition,
    /// Marked-content sequences open (§14.6).
    marked: usize,
    /// The number of the one whose replacement text counts.
    replaced_at: Option<usize>,
}

impl<'a, R: Read + Seek> Interpreter<'a, R> {
    pub(super) fn new(
        document: &'a mut Document<R>,
        fonts: &'a mut Fonts,
        geometry: PageGeometry,
    ) -> Self {
        let limits = document.limits().clone();
        Self {
            document,
            fonts,
            geometry,
            budget: PageBudget::new(&limits),
            limits,
            words: WordBuilder::new(geometry.visible()),
            unreadable: 0,
            damaged: Vec::new(),
            active: Vec::new(),
            images: HashSet::new(),
        }
    }

    /// Runs a page's content streams as one (§7.8.2).
    pub(super) fn page(
        mut self,
        streams: &[Reference],
        resources: Option<Dictionary>,
    ) -> Result<PageText, Error> {
        let mut content = Vec::new();
        for &id in streams {
            if let Some(object) = self.document.resolve_object(id)?
                && let Some(data) = self.data(&object)?
            {
                content.extend_from_slice(&data);
                content.push(b'\n');
            }
        }
        let (e, f) = self.geometry.from_user_space_point(0.0, 0.0);
        let (x1, y1) = self.geometry.from_user_space_point(1.0, 0.0);
        let (x2, y2) = self.geometry.from_user_space_point(0.0, 1.0);
        let ctm = Matrix([x1 - e, y1 - f, x2 - e, y2 - f, e, f]);
        self.run(&content, &mut Resources::new(resources), State::new(ctm))?;
        Ok(PageText {
            geometry: self.geometry,
            words: self.words.finish(),
            unreadable: self.unreadable,
            damaged: self.damaged,
        })
    }

    fn data(&mut self, object: &IndirectObject) -> Result<Option<Vec<u8>>, Error> {
        let data = or_nothing(self.document.stream_data(object))?;
        match &data {
            Some(data) => self.budget.bytes(data.len(), &self.limits)?,
            None => self.damaged.push(object.id),
        }
        Ok(data)
    }

    fn run(
        &mut self,
        content: &[u8],
        resources: &mut Resources,
        state: State,
    ) -> Result<(), Error> {
        let limits = self.limits.clone();
        let mut lexer = Lexer::new(content, &limits);
        let mut operands: Vec<Object> = Vec::new();
        let mut run = Run {
            state,
            saved: Vec::new(),
            position: TextPosition::START,
            marked: 0,
            replaced_at: None,
        };
        loop {
            lexer.skip_white_space();
            let Some(byte) = lexer.peek() else { break };
            match byte {
                b'/' | b'(' | b'[' | b'<' | b'0'..=b'9' | b'+' | b'-' | b'.' => {
                    lexer.renew();
                    let start = lexer.position();
                    match lexer.value() {
                        Ok(value) => {
                            if operands.len() >= OPERANDS {
                                operands.clear();
                            }
                            operands.push(value);
                        }
                        Err(Failure::Exceeded { limit, maximum }) => {
                            return Err(Error::LimitExceeded { limit, maximum });
                        }
                        // The broken value is left out; what follows it counts.
                        Err(Failure::Syntax { .. }) => {
                            if lexer.position() == start {
                                lexer.skip(1);
                            }
                        }
                    }
                }
                b')' | b'>' | b']' | b'{' | b'}' => lexer.skip(1),
                _ => {
                    let operator = lexer.regular();
                    match operator {
                        b"true" | b"false" | b"null" => operands.push(Object::Null),
                        b"ID" => {
                            skip_inline_image(&mut lexer);
                            operands.clear();
                        }
                        _ => {
                            self.budget.operator(&limits)?;
                            self.operator(operator, &operands, resources, &mut run)?;
                            operands.clear();
                        }
                    }
                }
            }
        }
        if run.replaced_at.is_some() {
            self.words.end_replacement();
        }
        Ok(())
    }

    fn operator(
        &mut self,
        operator: &[u8],
        operands: &[Object],
        resources: &mut Resources,
        run: &mut Run,
    ) -> Result<(), Error> {
        let number = |from_end: usize| {
            let at = operands.len().checked_sub(from_end + 1)?;
            operands.get(at)?.as_number()
        };
        let string = || operands.last().and_then(Object::as_string);
        match operator {
            // Graphics state (§8.4.4).
            b"q" => {
                if run.saved.len() >= self.limits.content_nesting {
                    return Err(Error::LimitExceeded {
                        limit: Limit::ContentNesting,
                        maximum: self.limits.content_nesting as u64,
                    });
                }
                run.saved.push(run.state.clone());
            }
            b"Q" => {
                if let Some(state) = run.saved.pop() {
                    run.state = state;
                }
            }
            b"cm" => {
                if let Some(matrix) = Matrix::read(last(operands, 6)) {
                    run.state.ctm = matrix.then(&run.state.ctm);
                }
            }
            b"Do" => {
                if let Some(name) = operands.last().and_then(Object::as_name)
                    && let Some(id) = resources.x_object(self.document, &name.0)?
                {
                    self.form(id, resources, &run.state)?;
                }
            }
            // Text state (§9.3.1).
            b"Tc" => set(&mut run.state.character_spacing, number(0)),
            b"Tw" => set(&mut run.state.word_spacing, number(0)),
            b"Tz" => set(&mut run.state.horizontal_scaling, number(0).map(|n| n / 100.0)),
            b"TL" => set(&mut run.state.leading, number(0)),
            b"Ts" => set(&mut run.state.rise, number(0)),
            b"Tf" => {
                set(&mut run.state.size, number(0));
                if let [Object::Name(name), _] = last(operands, 2) {
                    run.state.font = resources.font(self.document, self.fonts, &name.0)?;
                }
            }
            // Text objects and positions (§9.4).
            b"BT" => run.position = TextPosition::START,
            b"Td" | b"TD" => {
                if let (Some(x), Some(y)) = (number(1), number(0)) {
                    run.position.next_line(x, y);
                    if operator == b"TD" {
                        run.state.leading = -y;
                    }
                }
            }
            b"Tm" => {
                if let Some(matrix) = Matrix::read(last(operands, 6)) {
                    run.position.set(matrix);
                }
            }
            b"T*" => run.position.next_line(0.0, -run.state.leading),
            b"Tj" => self.show(string().unwrap_or_default(), run)?,
            b"'" => {
                run.position.next_line(0.0, -run.state.leading);
                self.show(string().unwrap_or_default(), run)?;
            }
            b"\"" => {
                set(&mut run.state.word_spacing, number(2));
                set(&mut run.state.character_spacing, number(1));
                run.position.next_line(0.0, -run.state.leading);
                self.show(string().unwrap_or_default(), run)?;
            }
            b"TJ" => {
                let items = operands.last().and_then(Object::as_array);
                for item in items.map(|array| array.items.as_slice()).unwrap_or_default() {
                    match item {
                        Object::String(string) => self.show(string, run)?,
                        other => {
                            let back = other.as_number().unwrap_or(0.0) / 1000.0 * run.state.size;
                            if run.state.font.as_ref().is_some_and(|font| font.is_vertical()) {
                                run.position.advance(0.0, -back);
                            } else {
                                let scaling = run.state.horizontal_scaling;
                                run.position.advance(-back * scaling, 0.0);
                            }
                        }
                    }
                }
            }
            // Marked content (§14.6).
            b"BMC" | b"BDC" => {
                run.marked = run.marked.saturating_add(1);
                if operator == b"BDC" && run.replaced_at.is_none() {
                    let list = match operands.last() {
                        Some(Object::Name(name)) => {
                            resources.property_list(self.document, &name.0)?
                        }
                        other => other.cloned(),
                    };
                    let list = list.as_ref().and_then(Object::as_dictionary);
                    let text = list.and_then(|list| list.value("ActualText")?.as_string());
                    if let Some(text) = text.map(decode_text)
                        && self.words.begin_replacement(&text)
                    {
                        self.budget.characters(text.len(), &self.limits)?;
                        run.replaced_at = Some(run.marked);
                    }
                }
            }
            b"EMC" => {
                if run.replaced_at == Some(run.marked) {
                    run.replaced_at = None;
                    self.words.end_replacement();
                }
                run.marked = run.marked.saturating_sub(1);
            }
            _ => {}
        }
        Ok(())
    }

    /// Draws a form XObject (§8.10.1); images are passed over.
    fn form(
        &mut self,
        id: Reference,
        resources: &mut Resources,
        state: &State,
    ) -> Result<(), Error> {
        if self.images.contains(&id) || self.active.contains(&id) {
            return Ok(());
        }
        let Some(Some(object)) = or_nothing(self.document.resolve_object(id))? else {
            return Ok(());
        };
        let dictionary = object.value.as_dictionary();
        let Some(dictionary) = dictionary.filter(|dictionary| {
            dictionary.value("Subtype").and_then(Object::as_name).is_some_and(|n| n.is("Form"))
        }) else {
            self.images.insert(id);
            return Ok(());
        };
        if self.active.len() >= self.limits.form_depth {
            return Err(Error::LimitExceeded {
                limit: Limit::FormDepth,
                maximum: self.limits.form_depth as u64,
            });
        }
        let matrix = self.document.value(dictionary, "Matrix")?;
        let matrix = matrix.as_array().and_then(|array| Matrix::read(&array.items));
        let own = self.document.value(dictionary, "Resources")?;
        let Some(content) = self.data(&object)? else {
            return Ok(());
        };
        let mut state = state.clone();
        state.ctm = matrix.unwrap_or(Matrix::IDENTITY).then(&state.ctm);
        self.active.push(id);
        match own {
            Object::Dictionary(own) => {
                self.run(&content, &mut Resources::new(Some(own)), state)?;
            }
            // Forms of PDF 1.1 use the page's (§7.8.3).
            _ => self.run(&content, resources, state)?,
        }
        self.active.pop();
        Ok(())
    }

    fn show(&mut self, string: &[u8], run: &mut Run) -> Result<(), Error> {
        let state = &run.state;
        let Some(font) = &state.font else {
            self.unreadable = self.unreadable.saturating_add(string.len());
            return Ok(());
        };
        let (size, scaling) = (state.size, state.horizontal_scaling);
        let mut rest = string;
        let mut text = String::new();
        while !rest.is_empty() {
            text.clear();
            let Some(shown) = font.next(rest, &mut text) else { break };
            rest = rest.get(shown.len.max(1)..).unwrap_or_default();
            self.budget.characters(text.len().max(1), &self.limits)?;
            if !shown.readable {
                self.unreadable = self.unreadable.saturating_add(1);
                text.push(char::REPLACEMENT_CHARACTER);
            }
            let em = Matrix([size * scaling, 0.0, 0.0, size, 0.0, state.rise])
                .then(&run.position.text)
                .then(&state.ctm);
            if em.is_finite() {
                self.words.glyph(&Glyph {
                    text: &text,
                    em,
                    advance: shown.advance,
                    vertical_origin: shown.vertical_origin,
                    ascent: font.ascent,
                    descent: font.descent,
                    size: font.size,
                });
            }
            let word = if shown.is_space_code { state.word_spacing } else { 0.0 };
            let step = shown.advance * size + state.character_spacing + word;
            if shown.vertical_origin.is_some() {
                run.position.advance(0.0, step);
            } else {
                run.position.advance(step * scaling, 0.0);
            }
        }
        Ok(())
    }
}

fn set(field: &mut f64, value: Option<f64>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn last(operands: &[Object], count: usize) -> &[Object] {
    operands.len().checked_sub(count).and_then(|from| operands.get(from..)).unwrap_or_default()
}

/// Behind `ID`: goes past the data of an inline image (§8.9.7), whose end is guessed as readers do.
fn skip_inline_image(lexer: &mut Lexer<'_>) {
    let rest = lexer.rest();
    let mut from = 1;
    while let Some(found) = rest.get(from..).and_then(|tail| crate::source::find_in(tail, b"EI")) {
        let at = from + found;
        let before = at.checked_sub(1).and_then(|before| rest.get(before));
        let after = rest.get(at + 2..).unwrap_or_default();
        let text =
            after.iter().take(12).all(|&b| is_white_space(b) && b != 0 || (32..127).contains(&b));
        if before.is_some_and(|&byte| is_white_space(byte))
            && after.first().is_none_or(|&byte| is_white_space(byte))
            && text
        {
            lexer.skip(at + 2);
            return;
        }
        from = at + 2;
    }
    lexer.skip(rest.len());
}
