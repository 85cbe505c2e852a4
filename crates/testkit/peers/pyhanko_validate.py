"""Validates every embedded signature of a PDF: pyhanko_validate.py PDF ROOTS_PEM; prints a JSON array.

The password of an encrypted PDF comes on standard input."""

import json
import logging
import sys

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext


def main():
    logging.disable(logging.CRITICAL)
    pdf, roots = sys.argv[1:3]
    trust_roots = list(load_certs_from_pemder([roots]))
    report = []
    with open(pdf, "rb") as handle:
        reader = PdfFileReader(handle)
        if reader.encrypted:
            reader.decrypt(sys.stdin.buffer.read().decode())
        for embedded in reader.embedded_signatures:
            context = ValidationContext(
                trust_roots=trust_roots,
                other_certs=list(embedded.other_embedded_certs),
                allow_fetching=False,
                revocation_mode="soft-fail",
            )
            status = validate_pdf_signature(embedded, context)
            level = status.modification_level
            report.append(
                {
                    "field": embedded.field_name,
                    "intact": status.intact,
                    "valid": status.valid,
                    "trusted": status.trusted,
                    "bottom_line": status.bottom_line,
                    "coverage": status.coverage.name,
                    "modification_level": None if level is None else level.name,
                    "digest": status.md_algorithm,
                    "subject": status.signing_cert.subject.human_friendly,
                    "sub_filter": str(embedded.sig_object.get("/SubFilter", "")),
                }
            )
    json.dump(report, sys.stdout)


main()
