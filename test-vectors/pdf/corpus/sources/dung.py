"""Three documents by pikepdf: odd pages (turned, cropped, user unit, inherited boxes), a file with attachments and
object streams, and a form whose fields are nested, in PDF 2.0."""
import sys
from pathlib import Path
import pikepdf
from pikepdf import Array, AttachedFileSpec, Dictionary, Name, Pdf, Stream, String

folder = Path(sys.argv[1])
FIXED = dict(deterministic_id=True)

def font(pdf):
    return pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))

def page(pdf, text, **more):
    pdf.add_blank_page(page_size=(595, 842))
    made = pdf.pages[-1].obj
    made.Resources = Dictionary(Font=Dictionary(F1=font(pdf)))
    made.Contents = Array([Stream(pdf, b"BT /F1 14 Tf 72 700 Td"), Stream(pdf, b"(%s) Tj ET" % text)])
    for key, value in more.items():
        made["/" + key] = value
    return made

pdf = Pdf.new()
page(pdf, b"Trang xoay 90", Rotate=90)
page(pdf, b"Trang xoay 270, cat", Rotate=270, CropBox=Array([40, 50, 500, 800]))
page(pdf, b"Don vi lon", UserUnit=1.5, MediaBox=Array([-100, -100, 495, 742]))
pdf.docinfo["/Title"] = "Trang lạ"
pdf.save(folder / "pikepdf-trang-la.pdf", **FIXED)

pdf = Pdf.new()
page(pdf, b"Tai lieu dinh kem")
for name in ("so-lieu.csv", "giay-moi.groff"):
    path = Path(__file__).parent / name
    pdf.attachments[name] = AttachedFileSpec(pdf, path.read_bytes(), filename=name, description="Đính kèm",
                                             creation_date="D:20260101000000Z", mod_date="D:20260101000000Z")
with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
    metadata["dc:title"] = "Tài liệu đính kèm"
pdf.save(folder / "pikepdf-dinh-kem.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate, **FIXED)

pdf = Pdf.new()
first = page(pdf, b"To khai")
parent = pdf.make_indirect(Dictionary(T=String("nguoi"), Kids=Array()))
for at, name in enumerate(("ho", "tên")):
    child = pdf.make_indirect(Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String(name), Parent=parent, P=first, F=4,
        Rect=Array([72, 600 - 40 * at, 250, 620 - 40 * at]), DA=String("/F1 12 Tf 0 g"), V=String("")))
    parent.Kids.append(child)
first.Annots = pdf.make_indirect(Array(list(parent.Kids)))
pdf.Root.AcroForm = Dictionary(Fields=Array([parent]), DR=first.Resources, NeedAppearances=True)
pdf.save(folder / "pikepdf-to-khai.pdf", force_version="2.0", **FIXED)
