//! Documents that a canonicalizer can get wrong, from a seed.

/// A small generator of numbers (xorshift64*): the same documents on every machine.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        high as usize % bound.max(1)
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.below(from.len())]
    }
}

const PREFIXES: &[&str] = &["", "", "a", "b", "ds", "xades", "tên"];
/// ASCII without `&amp;`: libxml2 2.9 refuses others, and keeps a reference to an ampersand as `&#38;`.
const URIS: &[&str] = &[
    "urn:a",
    "urn:b",
    "http://www.w3.org/2000/09/xmldsig#",
    "http://uri.etsi.org/01903/v1.3.2#",
    "http://a.vn/?x=1;y=%20",
    "urn:&#x61;",
];
const NAMES: &[&str] = &["a", "b", "HOSO", "TEN_BENH_NHAN", "đơn-thuốc", "x.y", "Object"];
const LOCALS: &[&str] = &["Id", "a", "b", "z", "xmlns1", "tên", "A", "lang"];
const SPACES: &[&str] = &[" ", " ", "\n", "\t", "  ", "\r\n", "\r"];
const TEXTS: &[&str] = &[
    "Nguyễn Văn Thịnh",
    "Cơ quan chứng thực số",
    "a\u{301}\u{323}",
    "\n  ",
    "\r\n",
    "\r",
    "\t",
    "&#xD;",
    "&#13;&#10;",
    "&#10;",
    "&#9;",
    "&lt;",
    "&gt;",
    "&amp;",
    "&quot;",
    "&apos;",
    "&amp;lt;",
    "\"'",
    "x>y",
    "]]&gt;",
    "]] ",
    "&#x1F600;",
    "😀",
    "&#169;",
    "<![CDATA[]]>",
    "<![CDATA[<a b='&amp;'>]]>",
    "<![CDATA[\r\n]] ]]>",
    "<![CDATA[\r]]>",
    "<![CDATA[Điều trị]]>",
    " ",
];
const VALUES: &[&str] = &[
    "Bệnh viện đa khoa",
    "1",
    "",
    " ",
    "  x  ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "&#xD;",
    "&#xA;",
    "&#x9;",
    "&#32;",
    "&lt;",
    ">",
    "&gt;",
    "&amp;",
    "&quot;",
    "&apos;",
    "&#x10FFFD;",
    "😀",
];
const COMMENTS: &[&str] =
    &["", " ghi chú ", " a\r\nb ", "\r", " - > & < ]]> ", "&amp;", "<b/>", "\n\n"];
const INSTRUCTIONS: &[&str] = &[
    "<?a?>",
    "<?a  b ?>",
    "<?xml-stylesheet href='a.xsl'   type=\"text/xsl\" ?>",
    "<?p \r\n x\r\ny\rz?>",
    "<?tên dữ liệu & < > ?>",
    "<?q\n?>",
    "<?r ??>",
];
/// What `xml:base` may be where libxml2 joins as Canonical XML 1.1 §2.4 says.
const BASES: &[&str] =
    &["x/", "bar/", "foo", "a/b", "http://a.vn/b/c", "http://a.vn/d/", "/r/s", "/r/"];

/// A well-formed document.
pub(crate) fn document(chance: &mut Chance) -> String {
    let mut out = String::new();
    if chance.one_in(10) {
        out.push('\u{feff}');
    }
    if chance.one_in(2) {
        out.push_str(chance.pick(&[
            "<?xml version=\"1.0\"?>",
            "<?xml version='1.0' encoding='utf-8'?>\r\n",
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
            "<?xml  version = \"1.0\"\n?>",
            "<?xml\tversion='1.0'\n encoding=\"UTF-8\" ?>",
            "<?xml\r\nversion='1.0'?>",
        ]));
    }
    beside(chance, &mut out);
    element(chance, &mut out, &[], 0);
    beside(chance, &mut out);
    out
}

/// What may stand beside the document element.
fn beside(chance: &mut Chance, out: &mut String) {
    for _ in 0..chance.below(4) {
        match chance.below(3) {
            0 => out.push_str(chance.pick(SPACES)),
            1 => comment(chance, out),
            _ => out.push_str(chance.pick(INSTRUCTIONS)),
        }
    }
}

fn comment(chance: &mut Chance, out: &mut String) {
    *out += "<!--";
    *out += chance.pick(COMMENTS);
    *out += "-->";
}

type Scope<'s> = Vec<(&'s str, &'s str)>;

fn element(
    chance: &mut Chance,
    out: &mut String,
    outer: &[(&'static str, &'static str)],
    depth: usize,
) {
    let mut scope: Scope<'static> = outer.to_vec();
    let mut written: Vec<String> = Vec::new();
    for _ in 0..chance.below(if depth == 0 { 5 } else { 3 }) {
        let prefix = chance.pick(PREFIXES);
        let uri = if prefix.is_empty() && chance.one_in(3) { "" } else { chance.pick(URIS) };
        let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        if !written.iter().any(|have| have.starts_with(&format!("{name}="))) {
            scope.retain(|(known, _)| *known != prefix);
            scope.push((prefix, uri));
            written.push(format!("{name}={}", quoted(chance, uri)));
        }
    }
    let prefixes: Vec<&str> =
        scope.iter().map(|(prefix, _)| *prefix).filter(|p| !p.is_empty()).collect();
    attributes(chance, &scope, &prefixes, depth, &mut written);
    let mut name = chance.pick(NAMES).to_owned();
    if !prefixes.is_empty() && chance.one_in(2) {
        name = format!("{}:{name}", chance.pick(&prefixes));
    }
    *out += &format!("<{name}");
    while !written.is_empty() {
        *out += chance.pick(SPACES);
        *out += &written.swap_remove(chance.below(written.len()));
    }
    if chance.one_in(4) {
        *out += chance.pick(SPACES);
    }
    let children = if depth > 4 { 0 } else { chance.below(5) };
    if children == 0 && chance.one_in(2) {
        *out += "/>";
        return;
    }
    *out += ">";
    for _ in 0..children {
        match chance.below(8) {
            0..3 => element(chance, out, &scope, depth + 1),
            3 => comment(chance, out),
            4 => out.push_str(chance.pick(INSTRUCTIONS)),
            _ => (0..=chance.below(4)).for_each(|_| out.push_str(chance.pick(TEXTS))),
        }
    }
    *out += &format!("</{name}{}>", if chance.one_in(5) { chance.pick(SPACES) } else { "" });
}

fn attributes(
    chance: &mut Chance,
    scope: &[(&'static str, &'static str)],
    prefixes: &[&str],
    depth: usize,
    written: &mut Vec<String>,
) {
    // References within a URI count as their characters for whether two attributes are the same.
    let resolved = |prefix: &str| {
        let uri = scope.iter().find(|(known, _)| *known == prefix).map_or("", |(_, uri)| *uri);
        uri.replace("&#x61;", "a")
    };
    let mut have: Vec<(String, &str)> = Vec::new();
    for _ in 0..chance.below(5) {
        let local = chance.pick(LOCALS);
        let prefix =
            if prefixes.is_empty() || chance.one_in(2) { "" } else { chance.pick(prefixes) };
        let uri = if prefix.is_empty() { String::new() } else { resolved(prefix) };
        if have.contains(&(uri.clone(), local)) {
            continue;
        }
        have.push((uri, local));
        let name = if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") };
        let value: String = (0..chance.below(4)).map(|_| chance.pick(VALUES)).collect();
        let equals = chance.pick(&["=", "=", " = ", "\n="]);
        written.push(format!("{name}{equals}{}", quoted(chance, &value)));
    }
    let xml = [
        ("xml:lang", chance.pick(&["vi", "en-GB", ""])),
        ("xml:space", chance.pick(&["default", "preserve"])),
        ("xml:base", chance.pick(BASES)),
    ];
    for (name, value) in xml {
        if chance.one_in(6) {
            written.push(format!("{name}={}", quoted(chance, value)));
        }
    }
    if chance.one_in(8) {
        written.push(format!("xml:id='i{depth}-{}'", chance.below(1_000_000)));
    }
}

fn quoted(chance: &mut Chance, value: &str) -> String {
    if chance.one_in(2) { format!("\"{value}\"") } else { format!("'{value}'") }
}

/// What is put into a document to damage it.
const DAMAGE: &[&str] = &[
    "<",
    ">",
    "&",
    "\"",
    "'",
    " ",
    "/",
    "=",
    ":",
    ";",
    "?",
    "!",
    "-",
    "x",
    "ư",
    "\r",
    "\n",
    "\t",
    "\u{1}",
    "\u{fffe}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{d7}",
    "\u{300}",
    "·",
    "1",
    "<a>",
    "</a>",
    "<a/>",
    "</",
    "/>",
    "<!--",
    "-->",
    "--",
    "<?",
    "?>",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    "&b;",
    "&#xD800;",
    "&#0;",
    "&#x110000;",
    "&#xFFFE;",
    "&#+65;",
    "&#x;",
    "&#65",
    "&#X41;",
    "&#x41;",
    "&#00065;",
    " xmlns='urn:a'",
    " xmlns=''",
    " xmlns:a=''",
    " xmlns:a='urn:a'",
    " a:xmlns='urn:z'",
    " xmlns:xml='urn:z'",
    " xmlns:xmlns='urn:z'",
    " xml:xmlns='urn:z'",
    " xmlns:xml='http://www.w3.org/XML/1998/namespace'",
    " xmlns:q='http://www.w3.org/XML/1998/namespace'",
    " xmlns='http://www.w3.org/XML/1998/namespace'",
    " xmlns:q='http://www.w3.org/2000/xmlns/'",
    " xmlns:q='q'",
    " xmlns='q'",
    " a='1'",
    " a='<'",
    " :a='1'",
    " a:='1'",
    " a:b:c='1'",
    " xml:a='1'",
    "<:a/>",
    "<a:/>",
    "<xml:a/>",
    "<xmlns:a/>",
    "<xmlns/>",
    "<xml/>",
    "<?xml version='1.0'?>",
    "<?XML a?>",
    "<?xml\n?>",
    "<?a+b?>",
    "<?a:b?>",
    "<?:?>",
    "<?xmla?>",
    "<?1?>",
    "version",
    "encoding='UTF-16'",
    "standalone",
    "1.1",
];

/// Puts something in, takes something out, or moves something, anywhere.
pub(crate) fn damage(chance: &mut Chance, text: &mut String) {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let at = places[chance.below(places.len())];
    let other = places[chance.below(places.len())];
    let behind = |place: usize| place + text[place..].chars().next().map_or(0, char::len_utf8);
    match chance.below(6) {
        0 => text.replace_range(at..behind(at), ""),
        1 => text.replace_range(at.min(other)..at.max(other), ""),
        2 => {
            let copy = text[other..behind(other)].to_owned();
            text.insert_str(at, &copy);
        }
        3 => text.replace_range(at..behind(at), chance.pick(DAMAGE)),
        _ => text.insert_str(at, chance.pick(DAMAGE)),
    }
}
