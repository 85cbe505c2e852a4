"""Encrypts a PDF anew: pyhanko_encrypt.py INPUT OUTPUT METHOD; the passwords are two lines on standard input.

METHOD is rc4-40, rc4-128, rc4-filter, aes-128, aes-128-clear-metadata, aes-256, aes-256-clear-metadata or aes-256-mac.
"""

import sys

from pyhanko.pdf_utils.crypt import StandardSecurityHandler, StandardSecuritySettingsRevision
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer

LEGACY = {
    "rc4-40": (StandardSecuritySettingsRevision.RC4_BASIC, 5, False, True),
    "rc4-128": (StandardSecuritySettingsRevision.RC4_EXTENDED, 16, False, True),
    "rc4-filter": (StandardSecuritySettingsRevision.RC4_OR_AES128, 16, False, True),
    "aes-128": (StandardSecuritySettingsRevision.RC4_OR_AES128, 16, True, True),
    "aes-128-clear-metadata": (StandardSecuritySettingsRevision.RC4_OR_AES128, 16, True, False),
}


def main():
    source, target, method = sys.argv[1:4]
    user, owner = sys.stdin.read().split("\n")[:2]
    with open(source, "rb") as handle:
        writer = copy_into_new_writer(PdfFileReader(handle))
        if method in LEGACY:
            revision, key_bytes, aes, metadata = LEGACY[method]
            handler = StandardSecurityHandler.build_from_pw_legacy(
                revision,
                writer._document_id[0],
                owner,
                user,
                keylen_bytes=key_bytes,
                use_aes128=aes,
                encrypt_metadata=metadata,
            )
            writer._assign_security_handler(handler)
        else:
            writer.encrypt(
                owner,
                user,
                encrypt_metadata=method != "aes-256-clear-metadata",
                pdf_mac=method == "aes-256-mac",
            )
        with open(target, "wb") as out:
            writer.write(out)


main()
