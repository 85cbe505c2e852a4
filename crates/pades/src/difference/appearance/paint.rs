//! What an appearance paints besides text: backgrounds, borders, bands under chosen options, clips.

/// How far from the edge of the box a background, border or clip may end, in points: wider borders are rare. In a small
/// box it is less, as this share of it.
const EDGE: f64 = 4.0;
const EDGE_SHARE: f64 = 0.2;
/// Bands of an appearance: a line of a list has one at most.
const BANDS: usize = 256;
/// Difference of luminance between letters and what they stand on that lets them be read.
const CONTRAST: f64 = 0.25;

/// What was painted, and the path under construction.
pub(super) struct Paint {
    bbox: [f64; 4],
    /// Luminance of the colour that fills.
    pub(super) colour: f64,
    /// Width of strokes.
    pub(super) width: f64,
    /// Whether the path becomes a clip.
    pub(super) clips: bool,
    path: Vec<[f64; 4]>,
    /// Bands from edge to edge, each over those before it.
    pub(super) bands: Vec<Band>,
}

/// A filled rectangle as wide as the box.
pub(super) struct Band {
    bottom: f64,
    top: f64,
    pub(super) luminance: f64,
    /// Whether it is the background of the whole box.
    pub(super) is_whole: bool,
}

impl Band {
    /// Whether all between two heights stands on it.
    pub(super) fn holds(&self, [low, high]: [f64; 2]) -> bool {
        self.bottom <= low && self.top >= high
    }

    /// Whether nothing between two heights does.
    pub(super) fn is_apart_from(&self, [low, high]: [f64; 2]) -> bool {
        self.bottom >= high || self.top <= low
    }
}

/// What letters stand on.
pub(super) struct Shade {
    luminance: f64,
    /// Whether it is a band of its own.
    pub(super) is_band: bool,
}

impl Shade {
    pub(super) fn contrasts(&self, colour: f64) -> bool {
        (self.luminance - colour).abs() >= CONTRAST
    }
}

impl Paint {
    pub(super) const fn new(bbox: [f64; 4]) -> Self {
        Self { bbox, colour: 0.0, width: 1.0, clips: false, path: Vec::new(), bands: Vec::new() }
    }

    pub(super) fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64) -> bool {
        let (right, top) = (x + width, y + height);
        self.path.push([x.min(right), y.min(top), x.max(right), y.max(top)]);
        self.path.len() <= BANDS
    }

    /// `n`: the path is a clip, or nothing.
    pub(super) fn end_path(&mut self) -> bool {
        let is_good = !self.clips || self.path.iter().all(|one| self.covers(*one));
        (self.clips, self.path) = (false, Vec::new());
        is_good
    }

    /// Bands, or by the even-odd rule a border: what lies between two rectangles.
    pub(super) fn fill(&mut self, is_even_odd: bool) -> bool {
        let path = core::mem::take(&mut self.path);
        let is_clip = core::mem::take(&mut self.clips);
        if let ([one, other], true) = (path.as_slice(), is_even_odd) {
            return self.covers(*one) && self.covers(*other);
        }
        for band in path {
            let is_whole = self.covers(band);
            let [left, bottom, right, top] = band;
            let [edge, _] = self.edges();
            let is_wide = left <= self.bbox[0] + edge && right >= self.bbox[2] - edge;
            if !is_wide || is_clip && !is_whole || self.bands.len() >= BANDS {
                return false;
            }
            let luminance = self.colour;
            self.bands.push(Band { bottom, top, luminance, is_whole });
        }
        true
    }

    /// A border along the edges.
    pub(super) fn stroke(&mut self) -> bool {
        let path = core::mem::take(&mut self.path);
        let is_clip = core::mem::take(&mut self.clips);
        let is_good = self.width <= EDGE && path.iter().all(|one| self.covers(*one));
        is_good && !is_clip
    }

    /// What letters between two heights stand on; `None` where that is not the same for all of each letter.
    pub(super) fn shade(&self, letters: [f64; 2]) -> Option<Shade> {
        // Of the page below it is only known that it is paper.
        let mut shade = Shade { luminance: 1.0, is_band: false };
        for band in &self.bands {
            if band.is_whole || band.holds(letters) {
                shade = Shade { luminance: band.luminance, is_band: !band.is_whole };
            } else if !band.is_apart_from(letters) {
                return None;
            }
        }
        Some(shade)
    }

    fn covers(&self, [left, bottom, right, top]: [f64; 4]) -> bool {
        let [x, y] = self.edges();
        left <= self.bbox[0] + x
            && bottom <= self.bbox[1] + y
            && right >= self.bbox[2] - x
            && top >= self.bbox[3] - y
    }

    /// How far from its edges the box may end across and upwards.
    fn edges(&self) -> [f64; 2] {
        let [left, bottom, right, top] = self.bbox;
        [right - left, top - bottom].map(|length| (EDGE_SHARE * length).min(EDGE))
    }
}

/// How light a colour is, from 0 to 1 (Rec. ITU-R BT.601); `None` for other than one, three or four components.
pub(in crate::difference) fn luminance(colour: &[f64]) -> Option<f64> {
    let of = |red: f64, green: f64, blue: f64| {
        let [red, green, blue] = [red, green, blue].map(|one| one.clamp(0.0, 1.0));
        0.299 * red + 0.587 * green + 0.114 * blue
    };
    match *colour {
        [gray] => Some(gray.clamp(0.0, 1.0)),
        [red, green, blue] => Some(of(red, green, blue)),
        [cyan, magenta, yellow, black] => {
            Some(of(1.0 - cyan - black, 1.0 - magenta - black, 1.0 - yellow - black))
        }
        _ => None,
    }
}
