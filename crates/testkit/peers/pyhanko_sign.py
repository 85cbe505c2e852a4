"""Signs a PDF incrementally with a PKCS #12 key; the password comes on standard input.

A second line there is the password of an encrypted PDF."""

import argparse
import sys

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("p12")
    parser.add_argument("--field", required=True)
    parser.add_argument("--digest", default="sha256")
    parser.add_argument("--pades", action="store_true")
    parser.add_argument("--prefer-pss", action="store_true")
    parser.add_argument("--certify", action="store_true")
    parser.add_argument("--visible")
    options = parser.parse_args()

    passphrase, _, document_password = sys.stdin.buffer.read().partition(b"\n")
    signer = signers.SimpleSigner.load_pkcs12(
        options.p12, passphrase=passphrase, prefer_pss=options.prefer_pss
    )
    if signer is None:
        sys.exit("pyHanko cannot read the key file")
    metadata = PdfSignatureMetadata(
        field_name=options.field,
        md_algorithm=options.digest,
        subfilter=SigSeedSubFilter.PADES if options.pades else SigSeedSubFilter.ADOBE_PKCS7_DETACHED,
        certify=options.certify,
    )
    spec = None
    if options.visible:
        page, *box = (int(part) for part in options.visible.split(","))
        spec = SigFieldSpec(options.field, on_page=page, box=tuple(box))
    with open(options.input, "rb") as source, open(options.output, "wb") as target:
        writer = IncrementalPdfFileWriter(source)
        if document_password:
            writer.encrypt(document_password)
        signers.sign_pdf(writer, metadata, signer=signer, new_field_spec=spec, output=target)


main()
