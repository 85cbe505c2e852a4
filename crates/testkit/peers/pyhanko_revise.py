"""Adds a revision to a PDF with pyHanko's writer: pyhanko_revise.py INPUT OUTPUT WHAT.

WHAT is one of: form (a text field `amount` that shows 100), fill (it is 250 and shows it), stale (250, but it still
shows 100), lie (250, but it shows 900), field (an empty signature field `Later` that can be seen), evidence (a security
store), title (another title), content (another content of page 1), note (a note on page 1).
"""

import sys

from asn1crypto import pem, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.validation.dss import DocumentSecurityStore

BOX = [100, 100, 200, 120]


def appearance(writer, text, font):
    stream = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, [0, 0, 100, 20])),
            pdf_name("/Resources"): generic.DictionaryObject(
                {pdf_name("/Font"): generic.DictionaryObject({pdf_name("/Helv"): font})}
            ),
        },
        stream_data=b"/Tx BMC q BT /Helv 10 Tf 0 g 2 6 Td (%s) Tj ET Q EMC" % text,
    )
    shown = generic.DictionaryObject({pdf_name("/N"): writer.add_object(stream)})
    return shown


def make_form(writer):
    page_ref = writer.find_page_for_modification(0)[0]
    font = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Font"),
                pdf_name("/Subtype"): pdf_name("/Type1"),
                pdf_name("/BaseFont"): pdf_name("/Helvetica"),
            }
        )
    )
    field = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): pdf_string("amount"),
                pdf_name("/V"): pdf_string("100"),
                pdf_name("/DA"): pdf_string("/Helv 10 Tf 0 g"),
                pdf_name("/F"): generic.NumberObject(4),
                pdf_name("/P"): page_ref,
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, BOX)),
                pdf_name("/AP"): appearance(writer, b"100", font),
            }
        )
    )
    writer.register_annotation(page_ref, field)
    fonts = generic.DictionaryObject({pdf_name("/Helv"): font})
    writer.root["/AcroForm"] = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Fields"): generic.ArrayObject([field]),
                pdf_name("/DA"): pdf_string("/Helv 10 Tf 0 g"),
                pdf_name("/DR"): generic.DictionaryObject({pdf_name("/Font"): fonts}),
            }
        )
    )
    writer.update_root()


def fill(writer, shown):
    form = writer.root["/AcroForm"]
    field_ref = form["/Fields"].raw_get(0)
    field = field_ref.get_object()
    field["/V"] = pdf_string("250")
    if shown is not None:
        font = form["/DR"]["/Font"].raw_get("/Helv")
        field["/AP"] = appearance(writer, shown, font)
    writer.mark_update(field_ref)


def main():
    source_path, target_path, what = sys.argv[1:4]
    with open(source_path, "rb") as source, open(target_path, "w+b") as target:
        if what == "evidence":
            target.write(source.read())
            with open(sys.argv[4], "rb") as handle:
                _, _, der = pem.unarmor(handle.read())
            certificate = x509.Certificate.load(der)
            DocumentSecurityStore.add_dss(target, None, certs=[certificate], force_write=True)
            return
        writer = IncrementalPdfFileWriter(source)
        if what == "form":
            make_form(writer)
        elif what in ("fill", "stale", "lie"):
            fill(writer, {"fill": b"250", "stale": None, "lie": b"900"}[what])
        elif what == "field":
            append_signature_field(writer, SigFieldSpec("Later", box=(300, 100, 400, 150)))
        elif what == "title":
            writer.trailer["/Info"]["/Title"] = pdf_string("another")
            writer.mark_update(writer.trailer.raw_get("/Info"))
        elif what == "content":
            page_ref = writer.find_page_for_modification(0)[0]
            page_ref.get_object()["/Contents"] = writer.add_object(
                generic.StreamObject(stream_data=b"0 0 200 200 re f")
            )
            writer.mark_update(page_ref)
        elif what == "note":
            page_ref = writer.find_page_for_modification(0)[0]
            note = generic.DictionaryObject(
                {
                    pdf_name("/Type"): pdf_name("/Annot"),
                    pdf_name("/Subtype"): pdf_name("/FreeText"),
                    pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, BOX)),
                    pdf_name("/Contents"): pdf_string("a note"),
                    pdf_name("/DA"): pdf_string("/Helv 10 Tf"),
                }
            )
            writer.register_annotation(page_ref, writer.add_object(note))
        else:
            raise SystemExit(f"unknown: {what}")
        writer.write(target)


main()
