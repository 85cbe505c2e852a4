"""Validates every embedded signature of many PDFs in one process: reads a JSON object from standard input, prints an
array with one element for each file: an array as of pyhanko_validate.py, or a string, the complaint.

{"certificates": PEM file, "moment": Unix seconds, "files": [{"path": …, "password": …}]}; of the certificates the
self-signed are trusted, the others help to build paths."""

import json
import logging
import sys
from datetime import datetime, timezone

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext


def judge(file, certificates, moment):
    report = []
    with open(file["path"], "rb") as handle:
        reader = PdfFileReader(handle)
        if reader.encrypted:
            reader.decrypt(file["password"])
        for embedded in reader.embedded_signatures:
            others = [one for one in certificates if not one.self_issued]
            context = ValidationContext(
                trust_roots=[one for one in certificates if one.self_issued],
                other_certs=others + list(embedded.other_embedded_certs),
                moment=moment,
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
    return report


def main():
    logging.disable(logging.CRITICAL)
    task = json.load(sys.stdin)
    certificates = list(load_certs_from_pemder([task["certificates"]]))
    moment = datetime.fromtimestamp(task["moment"], timezone.utc)
    said = []
    for file in task["files"]:
        try:
            said.append(judge(file, certificates, moment))
        except Exception as complaint:
            said.append(f"{type(complaint).__name__}: {complaint}")
    json.dump(said, sys.stdout)


main()
