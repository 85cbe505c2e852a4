"""Reads one command a line from standard input and answers each with a line: `ok`, or what is wrong.

verify CERTIFICATE FILE
sign METHOD-URI DIGEST-URI C14N-URI KEY CERTIFICATE FILE OUTPUT [REFERENCE-ID]
"""

import sys

from lxml import etree
from signxml import SignatureConfiguration, XMLSigner, XMLVerifier
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod


def parser():
    return etree.XMLParser(resolve_entities=False, remove_comments=False, huge_tree=True)


def verify(certificate, name):
    config = SignatureConfiguration(
        signature_methods=frozenset(SignatureMethod),
        digest_algorithms=frozenset(DigestAlgorithm),
        expect_references=True,

    )
    root = etree.parse(name, parser()).getroot()
    XMLVerifier().verify(root, x509_cert=open(certificate).read(), expect_config=config)


def sign(method, digest, c14n, key, certificate, name, output, *identifier):
    class Signer(XMLSigner):
        def check_deprecated_methods(self):
            pass

    signer = Signer(
        signature_algorithm=SignatureMethod(method),
        digest_algorithm=DigestAlgorithm(digest),
        c14n_algorithm=CanonicalizationMethod(c14n),
    )
    root = etree.parse(name, parser()).getroot()
    signed = signer.sign(
        root,
        key=open(key, "rb").read(),
        cert=open(certificate).read(),
        reference_uri=[*identifier] or None,
    )
    etree.ElementTree(signed).write(output, encoding="utf-8")


for line in sys.stdin:
    command, *arguments = line.rstrip("\n").split("\t")
    try:
        {"verify": verify, "sign": sign}[command](*arguments)
        print("ok", flush=True)
    except Exception as error:  # noqa: BLE001
        print(f"{type(error).__name__}: {error}".replace("\n", " "), flush=True)
