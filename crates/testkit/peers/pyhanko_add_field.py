"""Adds an empty, invisible signature field: pyhanko_add_field.py INPUT OUTPUT NAME."""

import sys

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field


def main():
    source_path, target_path, name = sys.argv[1:4]
    with open(source_path, "rb") as source, open(target_path, "wb") as target:
        writer = IncrementalPdfFileWriter(source)
        append_signature_field(writer, SigFieldSpec(name))
        writer.write(target)


main()
