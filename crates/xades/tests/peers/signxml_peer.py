"""Reads one command a line from standard input and answers each with a line: `ok`, or what is wrong.

verify CERTIFICATE FILE
sign METHOD-URI DIGEST-URI C14N-URI KEY CERTIFICATE FILE OUTPUT [REFERENCE-ID]
verify-xades CERTIFICATE FILE
sign-xades KEY CERTIFICATE FILE OUTPUT
"""

import sys

from lxml import etree
from signxml import SignatureConfiguration, XMLSigner, XMLVerifier
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.xades import (
    XAdESDataObjectFormat,
    XAdESSignatureConfiguration,
    XAdESSigner,
    XAdESVerifier,
)


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


def verify_xades(certificate, name):
    config = XAdESSignatureConfiguration(expect_references=2)
    root = etree.parse(name, parser()).getroot()
    XAdESVerifier().verify(root, x509_cert=open(certificate).read(), expect_config=config)


def sign_xades(key, certificate, name, output):
    signer = XAdESSigner(
        claimed_roles=["bác sĩ"],
        data_object_format=XAdESDataObjectFormat(Description="hồ sơ", MimeType="text/xml"),
        # Its references to properties have no transforms, which means this method.
        c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0,
    )
    root = etree.parse(name, parser()).getroot()
    signed = signer.sign(root, key=open(key, "rb").read(), cert=open(certificate).read())
    etree.ElementTree(signed).write(output, encoding="utf-8")


COMMANDS = {
    "verify": verify,
    "sign": sign,
    "verify-xades": verify_xades,
    "sign-xades": sign_xades,
}

for line in sys.stdin:
    command, *arguments = line.rstrip("\n").split("\t")
    try:
        COMMANDS[command](*arguments)
        print("ok", flush=True)
    except Exception as error:  # noqa: BLE001
        print(f"{type(error).__name__}: {error}".replace("\n", " "), flush=True)
