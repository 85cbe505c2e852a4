//! The originals, and the forms into which qpdf brings them.

use std::path::{Path, PathBuf};

use kyso_pades::{Document, Limits};
use kyso_testkit::peer;

/// Up to AES-128 a password is PDFDocEncoding (ISO 32000-2 §7.6.4.3.2), from AES-256 on it is UTF-8.
const OLD: &str = "nguoi dung";
const USER: &str = "người dùng";
const OWNER: &str = "chủ sở hữu 7788";

/// Rows of the table.
pub(crate) const PRODUCERS: &[&str] = &[
    "LibreOffice",
    "Chromium",
    "cairo",
    "LaTeX",
    "groff",
    "Ghostscript",
    "reportlab",
    "pikepdf",
    "by hand",
];

/// Producer and file below `test-vectors/pdf`.
pub(crate) const ORIGINALS: &[(&str, &str)] = &[
    ("LibreOffice", "libreoffice.pdf"),
    ("LibreOffice", "cong-van.pdf"),
    ("LibreOffice", "corpus/libreoffice-pdfa.pdf"),
    ("LibreOffice", "corpus/libreoffice-phieu.pdf"),
    ("Chromium", "chromium.pdf"),
    ("Chromium", "corpus/chromium-thong-bao.pdf"),
    ("cairo", "cairo.pdf"),
    ("cairo", "corpus/cairo-ban-ve.pdf"),
    ("LaTeX", "latex.pdf"),
    ("LaTeX", "corpus/latex-don.pdf"),
    ("groff", "corpus/groff-giay-moi.pdf"),
    ("groff", "corpus/groff-bang.pdf"),
    ("Ghostscript", "ghostscript.pdf"),
    ("Ghostscript", "corpus/ghostscript-quay.pdf"),
    ("reportlab", "corpus/reportlab-mau-don.pdf"),
    ("reportlab", "corpus/reportlab-bao-cao.pdf"),
    ("pikepdf", "corpus/pikepdf-trang-la.pdf"),
    ("pikepdf", "corpus/pikepdf-dinh-kem.pdf"),
    ("pikepdf", "corpus/pikepdf-to-khai.pdf"),
    ("by hand", "hybrid.pdf"),
];

/// What qpdf makes of an original.
pub(crate) struct Form {
    pub(crate) name: &'static str,
    /// Key length and user's password.
    encryption: Option<(&'static str, &'static str)>,
    arguments: &'static [&'static str],
}

pub(crate) const FORMS: &[Form] = &[
    Form { name: "as is", encryption: None, arguments: &[] },
    Form { name: "linearized", encryption: None, arguments: &["--linearize"] },
    Form { name: "object streams", encryption: None, arguments: &["--object-streams=generate"] },
    Form { name: "unpacked", encryption: None, arguments: &["--qdf", "--object-streams=disable"] },
    Form {
        name: "newline before endstream",
        encryption: None,
        arguments: &["--newline-before-endstream", "--object-streams=disable"],
    },
    Form { name: "PDF 2.0", encryption: None, arguments: &["--force-version=2.0"] },
    Form { name: "AES-128", encryption: Some(("128", OLD)), arguments: &[] },
    Form { name: "AES-256", encryption: Some(("256", USER)), arguments: &[] },
    Form {
        name: "AES-128, open, linearized",
        encryption: Some(("128", "")),
        arguments: &["--linearize", "--object-streams=generate"],
    },
    Form { name: "AES-256, open", encryption: Some(("256", "")), arguments: &[] },
    Form {
        name: "AES-256, PDF 2.0, packed, linearized",
        encryption: Some(("256", USER)),
        arguments: &["--force-version=2.0", "--linearize", "--object-streams=generate"],
    },
];

/// An original in a form.
pub(crate) struct File {
    pub(crate) number: usize,
    pub(crate) producer: &'static str,
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) pages: usize,
    form: &'static Form,
}

impl File {
    pub(crate) fn form(&self) -> &'static str {
        self.form.name
    }

    /// What it opens with, where that is not the empty password.
    pub(crate) fn password(&self) -> Option<&'static str> {
        self.form.encryption.map(|(_, user)| user).filter(|user| !user.is_empty())
    }

    pub(crate) fn once(&self) -> PathBuf {
        self.path.with_extension("once.pdf")
    }

    pub(crate) fn twice(&self) -> PathBuf {
        self.path.with_extension("twice.pdf")
    }
}

/// Every original in every form, below `folder`; what is no more than its own form is taken as it is.
pub(crate) fn derive(folder: &Path) -> Vec<File> {
    let mut files = Vec::new();
    for (original, (producer, relative)) in ORIGINALS.iter().enumerate() {
        let source = kyso_test_vectors::path(Path::new("pdf").join(relative));
        let name = source.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let bytes = std::fs::File::open(&source).expect("an original");
        let mut document = Document::open(bytes, Limits::standard()).expect("readable");
        let pages = document.page_count().expect("pages");
        for (number, form) in FORMS.iter().enumerate() {
            // qpdf writes one table of what was hybrid: the other forms would be nobody's.
            if name == "hybrid" && number > 0 {
                continue;
            }
            let path = folder.join(format!("{name}-{number}.pdf"));
            // Profiles and pages take turns, other ones for each original.
            let number = original + number;
            files.push(File { number, producer, name: name.clone(), path, pages, form });
        }
        let of_this = files.iter().filter(|file| file.name == name);
        of_this.for_each(|file| bring(&source, file.form, &file.path));
    }
    files
}

fn bring(source: &Path, form: &Form, target: &Path) {
    if form.encryption.is_none() && form.arguments.is_empty() {
        std::fs::copy(source, target).expect("copied");
        return;
    }
    let mut arguments: Vec<&str> = form.arguments.to_vec();
    match form.encryption {
        Some(("128", user)) => {
            arguments.extend(["--encrypt", user, OWNER, "128", "--use-aes=y", "--"]);
        }
        Some((length, user)) => arguments.extend(["--encrypt", user, OWNER, length, "--"]),
        None => arguments.push("--deterministic-id"),
    }
    arguments.extend([source.to_str().expect("UTF-8"), target.to_str().expect("UTF-8")]);
    peer::run("qpdf", arguments).expect_success();
}
