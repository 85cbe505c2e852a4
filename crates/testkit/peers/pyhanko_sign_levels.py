"""Signs PDFs at the levels B-B, B-T, B-LT and B-LTA in one process: reads a JSON object from standard input.

{"key": PEM file, "certificate": PEM file, "roots": PEM file, "tsa": address, "moment": Unix seconds, "files":
[{"input": …, "output": …, "level": "B-B" | …}]}. Revocation information is fetched from where certificates say."""

import asyncio
import json
import logging
import sys
from datetime import datetime, timezone

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko_certvalidator import ValidationContext


async def sign(task, file, roots, moment):
    signer = signers.SimpleSigner.load(task["key"], task["certificate"])
    level = file["level"]
    lasting = level in ("B-LT", "B-LTA")
    context = ValidationContext(trust_roots=roots, moment=moment, allow_fetching=True, revocation_mode="require")
    metadata = PdfSignatureMetadata(
        field_name="Signature1",
        subfilter=SigSeedSubFilter.PADES,
        embed_validation_info=lasting,
        use_pades_lta=level == "B-LTA",
        validation_context=context if lasting else None,
    )
    stamper = None if level == "B-B" else HTTPTimeStamper(task["tsa"])
    with open(file["input"], "rb") as source, open(file["output"], "wb") as target:
        writer = IncrementalPdfFileWriter(source)
        await PdfSigner(metadata, signer, timestamper=stamper).async_sign_pdf(writer, output=target)


async def main():
    logging.disable(logging.CRITICAL)
    task = json.load(sys.stdin)
    roots = list(load_certs_from_pemder([task["roots"]]))
    moment = datetime.fromtimestamp(task["moment"], timezone.utc)
    for file in task["files"]:
        await sign(task, file, roots, moment)


asyncio.run(main())
